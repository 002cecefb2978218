"""How do I start the messenger? `python -m services.notify`."""

from services.notify.app import run
from services.notify.config import Config
from shared.process import start

start("notify", Config, run)
