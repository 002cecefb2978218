"""How fast is what everybody builds: one transaction for each booking, queueing for the slot's row?

An aiohttp service of its own on the same PostgreSQL, as good as this design gets. It keeps of a
booking what Talon keeps: durable, within the capacity, one for each dose and person, one answer for
each key however often it is asked, and an event that is told if and only if the booking is there.
"""
