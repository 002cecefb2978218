"""What does a message look like as e-mail? Text, a page that says the same, and iCalendar parts."""

from base64 import encodebytes
from collections.abc import Sequence
from datetime import UTC, datetime
from email.header import Header
from email.message import Message
from email.mime.multipart import MIMEMultipart
from email.policy import Compat32
from email.utils import format_datetime
from uuid import UUID

from services.notify.invitations import Invitation, invitations
from services.notify.rules import Language, Told
from services.notify.texts import FALLBACK, Wording, wording


class AsGiven(Compat32):
    """Headers as they were given, and none beside them.

    The older of the library's two policies: the newer one parses each header it is given, and
    either folds it. To compose a mail took 1.9 ms and 1.2, and takes 0.74 so. What goes into a
    header here is an id, an address that was checked at the door, or encoded and folded already.
    Message-ID stays on one line: not everybody unfolds it.
    """

    def fold_binary(self, name: str, value: str) -> bytes:
        """One header, with its lines as the protocol has them; ValueError where it would be two."""
        first, *more = value.split("\n")
        if "\r" in value or not all(line.startswith(" ") for line in more):
            raise ValueError(f"{name} would be more than one header")
        return "\r\n".join((f"{name}: {first}", *more, "")).encode("ascii")


POLICY = AsGiven(linesep="\r\n")
ENCODED_WORD_LENGTH_MAX = 75


def message_id(event_id: UUID, owner_id: UUID) -> str:
    """The same message has the same id, so that whoever gets it twice can see that."""
    return f"<{event_id}.{owner_id}.email@talon.example>"


def compose(
    event: Told,
    *,
    sender: str,
    recipient: str,
    at: datetime,
    language: Language = FALLBACK,
    confirm_at: str = "",
    move_at: str = "",
    cancel_at: str = "",
    join_at: Sequence[str] = (),
    unsubscribe_at: str = "",
    perhaps_again: bool = False,
) -> bytes:
    """The whole message as it is handed to the mail server."""
    words = wording(
        event,
        language,
        confirm_at=confirm_at,
        move_at=move_at,
        cancel_at=cancel_at,
        join_at=join_at,
        unsubscribe_at=unsubscribe_at,
        perhaps_again=perhaps_again,
    )
    calendars = invitations(event, organizer=sender, attendee=recipient, language=language)
    mail = _with_calendars(_readable(event, words), event, calendars)
    mail["Message-ID"] = message_id(event.id, event.owner_id)
    mail["Date"] = format_datetime(at.astimezone(UTC))
    mail["From"] = sender
    mail["To"] = recipient
    mail["Subject"] = folded("Subject", words.subject)
    mail["Content-Language"] = words.language
    mail["Auto-Submitted"] = "auto-generated"
    _may_be_stopped(mail, unsubscribe_at)
    mail["X-Talon-Booking"] = str(event.booking_id)
    mail["X-Talon-Event"] = type(event).__name__
    return mail.as_bytes()


def folded(name: str, text: str) -> str:
    """Encoded words of at most 75 characters, one to a line (RFC 2047, 2)."""
    return Header(text, header_name=name, maxlinelen=ENCODED_WORD_LENGTH_MAX).encode()


def _may_be_stopped(mail: MIMEMultipart, unsubscribe_at: str) -> None:
    """Where a mail program has a button for it."""
    if unsubscribe_at:
        mail["List-Unsubscribe"] = f"<{unsubscribe_at}>"
    if unsubscribe_at.startswith("https:"):
        # By any other way a mail program may not press it by itself (RFC 8058).
        mail["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"


def _readable(event: Told, words: Wording) -> MIMEMultipart:
    """The same as text and as a page; the last one is what a mail program prefers."""
    both = _together("alternative", event)
    both.attach(_part("plain", words.text.replace("\n", "\r\n")))
    both.attach(_part("html", words.html.replace("\n", "\r\n")))
    return both


def _with_calendars(
    readable: MIMEMultipart, event: Told, calendars: Sequence[Invitation]
) -> MIMEMultipart:
    if not calendars:
        return readable
    mail = _together("mixed", event)
    mail.attach(readable)
    for number, calendar in enumerate(calendars, start=1):
        part = _part("calendar", calendar.text, f'; method="{calendar.method}"')
        part["Content-Disposition"] = f'attachment; filename="visit-{number}.ics"'
        mail.attach(part)
    return mail


def _together(subtype: str, event: Told) -> MIMEMultipart:
    """Named here what parts them, since the library would look for it in every line: no part has
    the underscore, being in base64.
    """
    return MIMEMultipart(subtype, boundary=f"=_{subtype}.{event.id.hex}", policy=POLICY)


def _part(subtype: str, text: str, more: str = "") -> Message:
    """Seven bits pass every server, also one that does not say 8BITMIME."""
    part = Message(POLICY)
    part["Content-Type"] = f'text/{subtype}; charset="utf-8"{more}'
    part["Content-Transfer-Encoding"] = "base64"
    part.set_payload(encodebytes(text.encode()).decode("ascii"))
    return part
