"""What does the messenger do? It tells people what became of their bookings, each thing once.

Takes `booking.events`, people's HTTP, and what they write back. Gives messages, a stream to each
open page, and what people answered (`notify.events`). Owns contacts, which nobody else stores, and
the ledger of every message and its fate. Never decides.
"""
