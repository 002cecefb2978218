"""The front desk: what does it take, give, own, and what does it never do?

Takes patients' wishes by HTTP, `slots.events`, `slots.replies`, `slots.left` and `notify.events`.
Gives `slots.commands` to the referee and `booking.events` to whoever tells people.
Owns persons and their dependants, campaigns, bookings and holds as their owners see them.
Never decides about a place, and never stores a name, a phone or a birth date but sealed.
"""
