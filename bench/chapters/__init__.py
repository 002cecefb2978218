"""What is measured beside the rounds? One file for each chapter, played on the bench's stack.

Each takes a `Ground` or a `Scene` and leaves what it found in `Everything`.
"""
