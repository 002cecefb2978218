"""How is a message pushed to an app on a phone? By Apple's push service, over HTTP/2.

What it says is in clear for who passes it on: so it has no link that does anything.
"""

from services.notify.channels.mobile_push.pushing import AppLine, MobilePush, outcome_of
from services.notify.channels.mobile_push.signing import Signer

__all__ = ["AppLine", "MobilePush", "Signer", "outcome_of"]
