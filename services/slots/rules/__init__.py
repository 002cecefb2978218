"""What is decided? `decide` says what a command leads to, `evolve` makes it so. Pure, both."""

from services.slots.rules.decide import decide, expire_dead, give_up, sweep
from services.slots.rules.evolve import evolve
from services.slots.rules.inventory import Booking, Clinic, HoldLimits, Inventory, Place, Slot

__all__ = [
    "Booking",
    "Clinic",
    "HoldLimits",
    "Inventory",
    "Place",
    "Slot",
    "decide",
    "evolve",
    "expire_dead",
    "give_up",
    "sweep",
]
