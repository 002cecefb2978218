"""What SQL do proposals need?"""
