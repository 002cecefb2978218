"""When is the same told by another channel? When it has certainly failed, or must not be missed."""

from services.notify.rules.fates import State
from services.notify.rules.messages import ReplyAnswer, Told
from shared.messages import BookingRevoked


def falls_over(state: State, event: Told | None) -> bool:
    """True where the person's next channel is to tell it.

    What is `unknown` may have been told: only who would come to a closed door hears of it
    twice, and is told that they may have heard of it before. A text message is answered by one.
    """
    if isinstance(event, ReplyAnswer):
        return False
    match state:
        case "failed" | "no_address":
            return event is not None
        case "unknown":
            return isinstance(event, BookingRevoked) and event.reason == "clinic"
        case _:
            return False
