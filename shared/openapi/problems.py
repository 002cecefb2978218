"""What may a caller be told went wrong, when, and what is to be done then?

Here is what any service may say; what only one says stands in its own `api/problems.py`. A code is
stable: whoever reads it may go by it, while the words may become better.
"""

from collections.abc import Iterable
from dataclasses import dataclass

import msgspec

MEDIA = "application/problem+json"


class ProblemDocument(msgspec.Struct, frozen=True, kw_only=True):
    """RFC 9457. Go by `code`: it is stable. `detail` is for people."""

    type: str
    title: str
    status: int
    detail: str
    code: str


@dataclass(frozen=True)
class ProblemKind:
    """A code, explained. `more` is an example of what its answer has beside RFC 9457's members;

    those may be left out, since other codes of the same status come without them.
    """

    status: int
    code: str
    when: str
    then: str
    headers: tuple[str, ...] = ()
    more: msgspec.Struct | None = None

    def example(self) -> dict[str, object]:
        """Such an answer."""
        document = ProblemDocument(
            type=f"urn:talon:problem:{self.code}",
            title=self.code.replace("_", " "),
            status=self.status,
            detail=f"{self.when} {self.then}",
            code=self.code,
        )
        more = {} if self.more is None else msgspec.to_builtins(self.more)
        return msgspec.structs.asdict(document) | more


def by_code(kinds: Iterable[ProblemKind]) -> dict[str, ProblemKind]:
    """A table of problems; each code has one row."""
    table: dict[str, ProblemKind] = {}
    for kind in kinds:
        assert kind.code not in table, f"{kind.code} is explained twice"
        table[kind.code] = kind
    return table


_SIGN_IN = ("WWW-Authenticate",)
_LATER = ("Retry-After",)

COMMON = by_code(
    [
        ProblemKind(
            400,
            "malformed_json",
            "The body is not JSON.",
            "Send JSON, in UTF-8.",
        ),
        ProblemKind(
            400,
            "idempotency_key_missing",
            "A change was asked for without an Idempotency-Key.",
            "Send one: a new random one for a new wish, the same one to ask again.",
        ),
        ProblemKind(
            400,
            "idempotency_key_malformed",
            "The Idempotency-Key is empty, too long, or has other than visible ASCII characters.",
            "Send 1 to 128 visible ASCII characters without spaces, such as a UUID.",
        ),
        ProblemKind(
            401,
            "token_missing",
            "Nobody is signed in: there is no bearer token.",
            "Sign in, and send the token as Authorization: Bearer TOKEN.",
            headers=_SIGN_IN,
        ),
        ProblemKind(
            401,
            "token_invalid",
            "The token was not issued for here, or is no token at all.",
            "Sign in again.",
            headers=_SIGN_IN,
        ),
        ProblemKind(
            401,
            "token_expired",
            "The token's time is over.",
            "Sign in again.",
            headers=_SIGN_IN,
        ),
        ProblemKind(
            403,
            "forbidden",
            "Whoever is signed in has none of the roles for this.",
            "Ask somebody who has the role; asking again changes nothing.",
        ),
        ProblemKind(
            403,
            "reason_needed",
            "It is not one's own or one's clinic's, and may be seen only by who says why.",
            "If it has to be seen, say why in Talon-Reason, in 10 to 200 characters.",
        ),
        ProblemKind(
            404,
            "not_found",
            "There is nothing at this path, or it is another's: both look alike.",
            "Look for it in the list of one's own.",
        ),
        ProblemKind(
            405,
            "method_not_allowed",
            "The path is right, the method is not.",
            "Use one of those that the Allow header names.",
            headers=("Allow",),
        ),
        ProblemKind(
            413,
            "body_too_large",
            "The body is larger than any route takes.",
            "Divide it into several requests.",
        ),
        ProblemKind(
            422,
            "invalid_body",
            "The body is JSON, but not what the route takes; detail names the field.",
            "Correct the field. What is unknown here is refused as well.",
        ),
        ProblemKind(
            422,
            "invalid_query",
            "A parameter is wrong, unknown or given twice; detail names it.",
            "Correct it. A cursor is only what an answer gave, for the same list.",
        ),
        ProblemKind(
            422,
            "key_reused",
            "The Idempotency-Key was used for another request before.",
            "Use a new one for a new wish.",
        ),
        ProblemKind(
            422,
            "nothing_to_do",
            "What is proposed would change nothing.",
            "Look again at what it is about, as it is now; there is nothing to approve.",
        ),
        ProblemKind(
            403,
            "proposal_own",
            "Whoever proposed an act cannot be the second person who approves it.",
            "Ask somebody else who may approve it.",
        ),
        ProblemKind(
            409,
            "proposal_changed",
            "What the act would change is not, or not any more, what the digest stands for.",
            "Look at the proposal again, and approve what it shows now.",
        ),
        ProblemKind(
            409,
            "proposal_decided",
            "Somebody else has approved it already, and what it shows is theirs.",
            "Nothing; look at the proposal for when it begins.",
        ),
        ProblemKind(
            409,
            "proposal_expired",
            "Nobody approved it in time, or it could not begin in time.",
            "Propose it again, under a new Idempotency-Key.",
        ),
        ProblemKind(
            409,
            "proposal_withdrawn",
            "It was withdrawn, so there is nothing to approve.",
            "Propose it again, if it is still wanted.",
        ),
        ProblemKind(
            409,
            "proposal_begun",
            "The act has begun or is done, so it cannot be withdrawn.",
            "Undo it, if it can be undone and its window is open.",
        ),
        ProblemKind(
            409,
            "proposal_not_done",
            "The act is not done, so there is nothing to undo.",
            "Withdraw it before it begins, or wait until it is done.",
        ),
        ProblemKind(
            409,
            "proposal_not_undoable",
            "This act cannot be undone: others have acted on it.",
            "Mend it by hand; such an act waits before it begins, so that it can be withdrawn.",
        ),
        ProblemKind(
            409,
            "proposal_undo_late",
            "The time in which the act could be undone is over.",
            "Do the opposite by hand, or propose it.",
        ),
        ProblemKind(
            404,
            "link_gone",
            "The link is not one of ours, its time is over, or it was used: all look alike.",
            "Sign in and look at one's own bookings.",
            headers=("Cache-Control",),
        ),
        ProblemKind(
            500,
            "internal_error",
            "This is a mistake of ours, and it was recorded.",
            "Ask again later with the same Idempotency-Key.",
        ),
        ProblemKind(
            503,
            "unavailable",
            "Something that is needed is away, or too many wait. Nothing was changed.",
            "Ask again after Retry-After seconds, with the same Idempotency-Key.",
            headers=_LATER,
        ),
        ProblemKind(
            504,
            "outcome_unknown",
            "The wish was handed over, and nobody can say yet what became of it.",
            "Ask again with the same Idempotency-Key: there will be one answer.",
            headers=_LATER,
        ),
    ]
)

UNROUTED = ("not_found", "method_not_allowed")
"""What is answered where there is no route."""
