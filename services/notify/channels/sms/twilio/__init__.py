"""How does a text message get to a provider whose HTTP API has the form of Twilio's?"""

from services.notify.channels.sms.twilio.callbacks import (
    Callback,
    is_signed,
    read_callback,
    signature_of,
)
from services.notify.channels.sms.twilio.provider import NAME, Account, TwilioProvider, outcome_of

__all__ = [
    "NAME",
    "Account",
    "Callback",
    "TwilioProvider",
    "is_signed",
    "outcome_of",
    "read_callback",
    "signature_of",
]
