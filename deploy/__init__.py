"""How does Talon run, on this machine and on others?"""
