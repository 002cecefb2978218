"""What SQL do links need?"""
