"""What does somebody say who wants to see what is another's? The line that the access log keeps."""

from collections.abc import Mapping
from urllib.parse import unquote

from shared.problems import Problem

REASON_HEADER = "Talon-Reason"
REASON_LENGTH_MIN = 10
REASON_LENGTH_MAX = 200


def reason_in(headers: Mapping[str, str]) -> str:
    """Why somebody wants to see it. A browser sends other letters than Latin percent-encoded."""
    try:
        reason = unquote(headers.get(REASON_HEADER, ""), errors="strict").strip()
    except UnicodeDecodeError:
        reason = ""
    if not REASON_LENGTH_MIN <= len(reason) <= REASON_LENGTH_MAX or not reason.isprintable():
        raise Problem(
            403,
            "reason_needed",
            f"This is not yours. To see it say why, in a {REASON_HEADER} header of"
            f" {REASON_LENGTH_MIN} to {REASON_LENGTH_MAX} characters; that is written down.",
        )
    return reason
