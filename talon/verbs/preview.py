"""Shows each message as it would be sent, in one language, with made-up people and places."""

import argparse
import sys
from pathlib import Path

from deploy.local.stack import Stack
from services.notify.channels.email.mail import compose
from services.notify.rules import Language
from services.notify.rules.segments import segments
from services.notify.texts import LOCALES, short, wording
from talon.mistakes import MistakeError
from talon.previews import NOW, PAGE, Example, examples

SENDER, RECIPIENT = "no-reply@talon.example", "patient-1@example.org"


def add_options(words: argparse.ArgumentParser) -> None:
    """In which language, of which kind, and where to."""
    words.add_argument("--language", choices=sorted(LOCALES), required=True)
    words.add_argument("--kind", help="an event's name, such as BookingConfirmed; all if not said")
    words.add_argument(
        "--output", type=Path, help="a folder for each mail as a page (.html) and whole (.eml)"
    )


def run(stack: Stack, options: argparse.Namespace) -> int:
    """Print the texts; write the pages and mails where a folder is named."""
    each = [one for one in examples() if options.kind in (None, one.name, _kind(one))]
    if not each:
        kinds = ", ".join(sorted({_kind(one) for one in examples()}))
        raise MistakeError(f"nobody is told of {options.kind}; the kinds are {kinds}")
    try:
        for example in each:
            sys.stdout.write(_shown(example, options.language, options.output))
    except OSError as error:
        raise MistakeError(f"{options.output} cannot be written: {error}") from None
    return 0


def _shown(example: Example, language: Language, folder: Path | None) -> str:
    again = example.perhaps_again
    words = wording(
        example.event,
        language,
        confirm_at=example.confirm_at,
        unsubscribe_at=example.unsubscribe_at,
        move_at=example.move_at,
        cancel_at=example.cancel_at,
        join_at=example.join_at,
        perhaps_again=again,
    )
    if folder is not None:
        folder.mkdir(parents=True, exist_ok=True)
        (folder / f"{example.name}.{language}.html").write_text(words.html, encoding="utf-8")
        (folder / f"{example.name}.{language}.eml").write_bytes(_mail(example, language))
    page = f"{PAGE}booking"
    brief = short(example.event, language, page=page, perhaps_again=again, replies=True)
    return (
        f"==== {example.name} ({language})\n\n{words.subject}\n\n{words.text}\n"
        f"---- SMS or push: {len(brief)} characters, segments: {segments(brief)}\n\n{brief}\n\n"
    )


def _mail(example: Example, language: Language) -> bytes:
    return compose(
        example.event,
        sender=SENDER,
        recipient=RECIPIENT,
        at=NOW,
        language=language,
        confirm_at=example.confirm_at,
        unsubscribe_at=example.unsubscribe_at,
        move_at=example.move_at,
        cancel_at=example.cancel_at,
        join_at=example.join_at,
        perhaps_again=example.perhaps_again,
    )


def _kind(example: Example) -> str:
    return type(example.event).__name__
