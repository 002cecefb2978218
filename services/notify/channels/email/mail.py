"""What does a message look like as e-mail? Text, a page that says the same, and iCalendar parts."""

from collections.abc import Sequence
from datetime import UTC, datetime
from email.charset import BASE64, Charset
from email.header import Header
from email.mime.multipart import MIMEMultipart
from email.mime.nonmultipart import MIMENonMultipart
from email.policy import compat32
from email.utils import format_datetime
from uuid import UUID

from services.notify.invitations import Invitation, invitations
from services.notify.rules import Language, Told
from services.notify.texts import FALLBACK, Wording, wording

POLICY = compat32.clone(linesep="\r\n", max_line_length=998)
"""The older of the library's two policies: the newer one parses each header it is given, and
composing a mail took 1.9 ms instead of 0.7. What goes into a header here is an id, an address that
was checked at the door, or encoded. Message-ID stays on one line: not everybody unfolds it."""

UTF8 = Charset("utf-8")
UTF8.body_encoding = BASE64
"""Seven bits pass every server, also one that does not say 8BITMIME."""


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
    mail["Subject"] = Header(words.subject).encode()
    mail["Content-Language"] = words.language
    mail["Auto-Submitted"] = "auto-generated"
    _may_be_stopped(mail, unsubscribe_at)
    mail["X-Talon-Booking"] = str(event.booking_id)
    mail["X-Talon-Event"] = type(event).__name__
    return mail.as_bytes()


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
        part = _part("calendar", calendar.text, method=calendar.method)
        part["Content-Disposition"] = f'attachment; filename="visit-{number}.ics"'
        mail.attach(part)
    return mail


def _together(subtype: str, event: Told) -> MIMEMultipart:
    """Named here what parts them, since the library would look for it in every line: no part has
    the underscore, being in base64.
    """
    return MIMEMultipart(subtype, boundary=f"=_{subtype}.{event.id.hex}", policy=POLICY)


def _part(subtype: str, text: str, **parameters: str) -> MIMENonMultipart:
    part = MIMENonMultipart("text", subtype, policy=POLICY, charset="utf-8", **parameters)
    del part["MIME-Version"]  # it is the mail's; each header costs a hundredth of the whole
    part.set_payload(text, UTF8)
    return part
