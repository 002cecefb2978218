"""What is asked of the front desk's own tables?"""
