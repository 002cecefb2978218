"""What comes back of a text message: how it ended, or what somebody answered?"""

import msgspec


class Report(msgspec.Struct, frozen=True):
    """How the message with this id of the provider's ended."""

    reference: str
    delivered: bool


class Reply(msgspec.Struct, frozen=True):
    """What somebody wrote back, and from which number; `reference` is its provider's name of it.

    A part of a longer text is not whole: what stands in it alone need not be what was meant.
    """

    phone: str
    text: str
    reference: str = ""
    is_whole: bool = True
