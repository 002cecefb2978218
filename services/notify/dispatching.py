"""How does what was claimed become what a channel is given? Opened, with its links."""

from typing import Protocol

import msgspec

from services.notify.channels import Dispatch
from services.notify.config import Config
from services.notify.rules import (
    Channel,
    Language,
    Told,
    key_of,
    link_to_cancel,
    link_to_confirm,
    link_to_move,
    links_to_visits,
)
from services.notify.rules.preferences import link_to_decline
from services.notify.store import Claimed, SealedAddress
from shared.links.rules import Link, keys_of, token_of

ONE_CLICK = "api/v1/unsubscribe/"
DEFAULT_LANGUAGE: Language = "en"
"""Of those who have not said."""


class Addresses(Protocol):
    """Who knows them in clear. It is asked for each message, and what it gave is kept nowhere."""

    async def open(self, address: SealedAddress) -> str:
        """The address in clear."""

    async def forget_gone(self, address: SealedAddress) -> bool:
        """Its provider says that nobody has it."""


class Dispatcher:
    """Puts together what is sent, for as long as sending takes."""

    def __init__(self, config: Config, addresses: Addresses) -> None:
        self._page = config.link_page
        self._keys = keys_of(config.link_keys)
        self._addresses = addresses

    async def dispatches(
        self, event: Told, message: Claimed, channel: Channel
    ) -> list[tuple[SealedAddress | None, Dispatch]]:
        """One for each address; one without any where nobody is sent to, but put on a list."""
        one = Dispatch(
            event=event,
            key=key_of(event, channel),
            recipient="",
            language=message.language or DEFAULT_LANGUAGE,
            at=message.at,
            expires_at=message.expires_at,
            confirm_at=self._address_of(link_to_confirm(event), "coming/"),
            move_at=self._address_of(link_to_move(event), "time/"),
            cancel_at=self._address_of(link_to_cancel(event)),
            join_at=self._addresses_to_join(event),
            unsubscribe_at=self._address_to_decline(event),
            perhaps_again=message.perhaps_again,
        )
        if channel == "list":
            return [(None, one)]
        return [
            (each, msgspec.structs.replace(one, recipient=await self._addresses.open(each)))
            for each in message.addresses
        ]

    async def forget_gone(self, address: SealedAddress) -> bool:
        """Nobody has it any more."""
        return await self._addresses.forget_gone(address)

    def _addresses_to_join(self, event: Told) -> tuple[str, ...]:
        """Where each person comes to their telemedicine visit."""
        if self._keys is None or not self._page:
            return ()
        page = f"{self._page}visit/"
        return tuple(page + token_of(link, self._keys) for link in links_to_visits(event))

    def _address_to_decline(self, event: Told) -> str:
        """Not of the page but of the service: a mail program presses it by itself."""
        link = link_to_decline(event)
        if link is None or self._keys is None or not self._page:
            return ""
        return f"{self._page.partition('#')[0]}{ONE_CLICK}{token_of(link, self._keys)}"

    def _address_of(self, link: Link | None, view: str = "") -> str:
        """Where whoever gets the message may do it; nothing where there is no page, or no keys."""
        if link is None or self._keys is None or not self._page:
            return ""
        return self._page + view + token_of(link, self._keys)
