"""How many bookings a second, beside the usual way to build it? All in one run, on one machine.

`python -m bench.rush` brings a stack of its own up and asks for bookings as fast as answers come:
of the peer (`bench.peer_rowlock`), of Talon, of an echo, in turns; then it judges what it found.
"""
