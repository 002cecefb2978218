"""What does the referee do? It alone decides who gets a place.

Takes `slots.commands`, and staff's HTTP, which it turns into commands. Gives `slots.events`,
`slots.replies` and `slots.left`. Owns clinics, slots, places, holds and the recorded answers.
Never knows who a patient is or what a campaign is.
"""
