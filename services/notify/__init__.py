"""What does the messenger do? It tells people what became of their bookings, each thing once.

Takes `booking.events`, and people's HTTP for their contacts. Gives e-mail. Owns contacts, which
nobody else stores, and the ledger of every message and its fate. Never decides anything.
"""
