"""What can one do with Talon from a terminal? One file per verb in `talon/verbs`.

Speaks HTTP like any client. The audit alone reads the databases, with a role that cannot write.
"""
