"""Which tables does the front desk own, and how did they become so?"""
