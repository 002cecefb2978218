"""How does what others offer come into Talon? Read line by line, compared, asked for by HTTP.

`smart` and `sheet` read a source, `spool` keeps what was read out of memory, `difference` says what
is to be done, `course` goes through it clinic by clinic, and `desk` asks Talon as any client would.
"""
