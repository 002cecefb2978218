"""How does a message leave the building? A folder for each way out, all behind one interface.

A channel is a plug-in: only `speaking` knows it. It is asked to put one message into its own form
and to hand it over, and says what is known afterwards; all else is the ledger's and the sender's.
"""

from datetime import datetime
from typing import Protocol, runtime_checkable
from uuid import UUID

import msgspec

from services.notify.rules import Channel, Language, Outcome, Told


class Dispatch(msgspec.Struct, frozen=True, kw_only=True):
    """One message on its way: everything that a channel needs to put it into its own form.

    `recipient` is the address in clear, and is kept nowhere. `key` is the same at each attempt.
    """

    event: Told
    key: UUID
    recipient: str
    language: Language = "en"
    at: datetime
    expires_at: datetime
    confirm_at: str = ""
    move_at: str = ""
    cancel_at: str = ""
    join_at: tuple[str, ...] = ()
    unsubscribe_at: str = ""
    perhaps_again: bool = False


class AwayError(Exception):
    """The provider cannot be reached; nothing was begun."""


class Line(Protocol):
    """One connection to one provider, or one client of it; used by one task at a time."""

    @property
    def is_open(self) -> bool:
        """True while something can be handed over."""

    async def open(self) -> None:
        """Call the provider; AwayError when it does not answer. Before it nothing is claimed."""

    async def close(self) -> None:
        """Say goodbye, within a limit."""

    async def send(self, dispatch: Dispatch) -> Outcome:
        """Hand over one message within the limit, and say what is known; faults are outcomes."""


class Provider(Protocol):
    """Who takes the messages of one channel. `name` is its label where things are counted.

    `keyed`: it honours `Dispatch.key`, so that what it did not answer may be asked again.
    """

    @property
    def channel(self) -> Channel:
        """Whose messages it takes."""

    @property
    def name(self) -> str:
        """Such as `smtp`."""

    @property
    def keyed(self) -> bool:
        """True where the same key is never told twice."""

    @property
    def lines_max(self) -> int:
        """Over how many lines it is spoken to at the same time."""

    def line(self) -> Line:
        """One more line, not open yet."""


@runtime_checkable
class Several(Protocol):
    """A provider that is several: the trouble of one of them is none of the others'."""

    def part_of(self, dispatch: Dispatch) -> str:
        """Which of them takes this message."""
