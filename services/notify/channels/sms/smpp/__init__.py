"""How does a text message get to an SMSC over SMPP 3.4, and what comes back?"""

from services.notify.channels.sms.smpp.provider import Settings, SmppProvider
from services.notify.channels.sms.smpp.session import Account

__all__ = ["Account", "Settings", "SmppProvider"]
