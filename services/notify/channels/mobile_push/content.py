"""What is pushed to an app? So little that others may see it, also who passes it on."""

import msgspec

from services.notify.channels import Dispatch
from services.notify.channels.web_push.content import PAGE, TITLE
from services.notify.rules.push import topic_of

CONTENT_BYTES_MAX = 4_096
"""Apple refuses more."""

SOUND = "default"


class Alert(msgspec.Struct, frozen=True, kw_only=True):
    """What the phone shows, also while the app does not run."""

    title: str
    body: str


class Aps(msgspec.Struct, frozen=True, kw_only=True):
    """Apple's own part, by Apple's names."""

    alert: Alert
    sound: str


class AppPushed(msgspec.Struct, frozen=True, kw_only=True):
    """What the app is told: of one `tag` a phone shows only the last, a tap opens `url`."""

    aps: Aps
    url: str
    tag: str
    lang: str


_encode = msgspec.json.Encoder().encode


def content_of(dispatch: Dispatch, said: str) -> bytes:
    """What the app is told; ValueError where that is too long."""
    content = _encode(
        AppPushed(
            aps=Aps(alert=Alert(title=TITLE, body=said), sound=SOUND),
            url=PAGE,
            tag=topic_of(dispatch.event.booking_id),
            lang=dispatch.language,
        )
    )
    if len(content) > CONTENT_BYTES_MAX:
        raise ValueError("this is too long to be pushed")
    return content
