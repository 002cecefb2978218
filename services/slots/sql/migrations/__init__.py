"""How did the referee's schema come to be what it is?"""
