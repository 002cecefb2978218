"""Which SQL do the benches run?"""
