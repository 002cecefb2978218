"""How is a caller told what went wrong? RFC 9457, with a stable `code` and what to do next."""

from collections.abc import Mapping
from functools import lru_cache
from typing import Any

import msgspec
from aiohttp import web

CONTENT_TYPE = "application/problem+json"

ENCODED_MAX = 512
"""How many problems are kept as they are sent; what has words of its own each time goes again."""


class Problem(Exception):  # noqa: N818 - RFC 9457's own word
    """An answer that is not what was asked for. Changes nothing."""

    def __init__(
        self,
        status: int,
        code: str,
        detail: str,
        *,
        headers: Mapping[str, str] | None = None,
        **more: Any,
    ) -> None:
        super().__init__(status, code, detail)
        self.status = status
        self.code = code
        self.detail = detail
        self.headers = dict(headers or {})
        self.more = more

    def __str__(self) -> str:
        """In one line, for a log."""
        return f"{self.status} {self.code}: {self.detail}"

    def body(self) -> dict[str, Any]:
        """The problem document: type, title, status, detail, code, and what this case adds."""
        return _document(self.status, self.code, self.detail) | self.more

    def response(self) -> web.Response:
        """The HTTP answer."""
        if self.more:
            text = msgspec.json.encode(self.body())
        else:
            text = _encoded(self.status, self.code, self.detail)
        headers = {"Content-Type": CONTENT_TYPE, **self.headers}
        return web.Response(status=self.status, body=text, headers=headers)


def _document(status: int, code: str, detail: str) -> dict[str, Any]:
    return {
        "type": f"urn:talon:problem:{code}",
        "title": code.replace("_", " "),
        "status": status,
        "detail": detail,
        "code": code,
    }


@lru_cache(ENCODED_MAX)
def _encoded(status: int, code: str, detail: str) -> bytes:
    """Most are told again and again in the same words: thousands a second in a crowd."""
    return msgspec.json.encode(_document(status, code, detail))


def not_found(what: str) -> Problem:
    """The same words for what is not there and for what is another's."""
    return Problem(404, "not_found", f"There is no such {what}, or it is not yours.")


def unavailable(detail: str, retry_after_seconds: int = 1) -> Problem:
    """Nothing was handed over; the same request may simply be made again."""
    return Problem(
        503,
        "unavailable",
        f"{detail} Nothing was changed; ask again with the same Idempotency-Key.",
        headers={"Retry-After": str(retry_after_seconds)},
    )


def outcome_unknown() -> Problem:
    """It was handed over, and nobody can say yet what became of it."""
    return Problem(
        504,
        "outcome_unknown",
        "The request was handed over, but its outcome could not be learned. "
        "Ask again with the same Idempotency-Key: there will be one answer.",
        headers={"Retry-After": "2"},
    )
