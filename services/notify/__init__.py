"""What does the messenger do? It tells people what became of their bookings, each thing once.

Takes `booking.events`, and people's HTTP. Gives e-mail, and a stream to each open page. Owns
contacts, which nobody else stores, and the ledger of every message and its fate. Never decides.
"""
