"""Which tables does every service's schema begin with?"""
