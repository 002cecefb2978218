"""How do I start it? `python -m services.booking`"""

from services.booking.app import run
from services.booking.config import Config
from shared.process import start

start("booking", Config, run)
