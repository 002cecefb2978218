"""What may the messenger's callers be told went wrong, when, and what then?"""

from shared.openapi import ProblemKind, by_code

STREAM = ("last_event_id_malformed", "too_many_streams", "http_version")
"""What stands in the way of a stream."""

PROBLEMS = by_code(
    [
        ProblemKind(
            400,
            "last_event_id_malformed",
            "The Last-Event-ID has a form that no id of ours has.",
            "Leave it out, and read the bookings anew.",
        ),
        ProblemKind(
            403,
            "signature_wrong",
            "It is signed by nobody who is known, for another address, or not at all.",
            "Sign it with the account's token, over the address that was given for callbacks.",
        ),
        ProblemKind(
            409,
            "message_settled",
            "What became of the message is known: somebody has settled it, or a receipt came.",
            "Read the person's messages anew; nothing is left to settle.",
        ),
        ProblemKind(
            409,
            "push_off",
            "There is no key by which push services know who asks, so nothing is pushed there.",
            "Do without; mail and text messages come as before.",
        ),
        ProblemKind(
            409,
            "preferences_changed",
            "The preferences are not those any more whose version was sent: another page or a link"
            " has changed them.",
            "Read them anew, and change what holds now.",
        ),
        ProblemKind(
            409,
            "call_settled",
            "Somebody has noted already, and otherwise, what became of this call.",
            "Read the list anew; what was noted first stays.",
        ),
        ProblemKind(
            429,
            "too_many_streams",
            "Whoever is signed in has as many streams open as one person may have.",
            "Close one of them; ask again after Retry-After seconds.",
            headers=("Retry-After",),
        ),
        ProblemKind(
            505,
            "http_version",
            "A stream was asked for in HTTP/1.0, which has none.",
            "Ask in HTTP/1.1.",
        ),
    ]
)
