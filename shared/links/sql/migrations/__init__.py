"""Which table do links need in a service's schema?"""
