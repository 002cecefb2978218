"""How is a message pushed to a browser, so that nobody on the way can read it?

RFC 8030 is how a push service is asked, RFC 8291 how the text is sealed for the device, RFC 8292
how the service knows who asks.
"""

from services.notify.channels.web_push.pushing import PushLine, WebPush, outcome_of
from services.notify.channels.web_push.signing import Signer

__all__ = ["PushLine", "Signer", "WebPush", "outcome_of"]
