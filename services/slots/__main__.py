"""How do I start the referee? `python -m services.slots`."""

from services.slots.app import run
from services.slots.config import Config
from shared.process import start

start("slots", Config, run)
