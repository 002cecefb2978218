"""How is a caller told what went wrong? RFC 9457, with a stable `code` and what to do next."""

from collections.abc import Mapping
from typing import Any

import msgspec
from aiohttp import web

CONTENT_TYPE = "application/problem+json"


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
        super().__init__(f"{status} {code}: {detail}")
        self.status = status
        self.code = code
        self.detail = detail
        self.headers = dict(headers or {})
        self.more = more

    def body(self) -> dict[str, Any]:
        """The problem document: type, title, status, detail, code, and what this case adds."""
        return {
            "type": f"urn:talon:problem:{self.code}",
            "title": self.code.replace("_", " "),
            "status": self.status,
            "detail": self.detail,
            "code": self.code,
        } | self.more

    def response(self) -> web.Response:
        """The HTTP answer."""
        return web.Response(
            status=self.status,
            body=msgspec.json.encode(self.body()),
            content_type=CONTENT_TYPE,
            headers=self.headers,
        )


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
