"""How is a person told whom no address leads to? By the clinic's own people, who have a list.

To be on the list is all that this channel does: what becomes of a call, somebody says who made it.
"""

from services.notify.channels import Dispatch
from services.notify.rules import NEVER, Accepted, Channel, Outcome, Refused
from services.notify.rules.calls import clinic_of


class CallList:
    """The lists of all clinics, as a provider."""

    channel: Channel = "list"
    name = "call_list"
    keyed = True
    lines_max = 1

    def line(self) -> "ListLine":
        """Nothing is called over it: the ledger's row is the list's."""
        return ListLine()


class ListLine:
    """Puts what is claimed on the list, which it is by being marked."""

    def __init__(self) -> None:
        self.is_open = False

    async def open(self) -> None:
        """There is nobody to be away."""
        self.is_open = True

    async def close(self) -> None:
        """It stays as it is."""
        self.is_open = False

    async def send(self, dispatch: Dispatch) -> Outcome:
        """It is on the list of its clinic; what is no clinic's nobody would call about."""
        if clinic_of(dispatch.event) is None:
            return Refused(NEVER, "no clinic")
        return Accepted()
