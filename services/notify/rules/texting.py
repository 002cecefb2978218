"""What comes back of a text message: how it ended, or what somebody answered?"""

import msgspec


class Report(msgspec.Struct, frozen=True):
    """How the message with this id of the provider's ended."""

    reference: str
    delivered: bool


class Reply(msgspec.Struct, frozen=True):
    """What somebody wrote back, and from which number."""

    phone: str
    text: str
