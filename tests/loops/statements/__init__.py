"""What does each named statement do? A second telling of `sql/*.sql`, in Python, for the loops."""
