"""Writes what can be asked of Talon, in OpenAPI 3.1: of one service, or of all behind the edge."""

import argparse
import sys
from pathlib import Path

from deploy.local.stack import Stack
from services.booking.api import API as BOOKING
from services.notify.api import API as NOTIFY
from services.slots.api import API as SLOTS
from shared.openapi.document import document, encoded
from shared.openapi.merged import merged
from talon.mistakes import MistakeError

APIS = {api.service: api for api in (SLOTS, BOOKING, NOTIFY)}

TITLE = "Talon"
ABOUT = """\
Books vaccinations and clinic visits for a whole city.

- **Change** something with an `Idempotency-Key`: a new one for each wish, the same one to ask
  again. The same wish gets the same answer and is done once.
- **202** means that it is not decided yet: look at `Location` until it is.
- **What goes wrong** is told as RFC 9457, `application/problem+json`, with a `code` that stays
  the same. A refusal changes nothing.
- **Times** are RFC 3339 with an offset, ids are UUIDs, and a field that is not known is refused.
- **Lists** take `limit` and go on from the `cursor` of the answer before.
- **HEAD** is answered wherever GET is, but for streams.
"""


def add_options(words: argparse.ArgumentParser) -> None:
    """Of which service, and where to."""
    words.add_argument("--service", choices=sorted(APIS), help="one service alone; all if not said")
    words.add_argument("--output", type=Path, help="a file; standard output if not said")


def run(stack: Stack, options: argparse.Namespace) -> int:
    """The same bytes for the same routes."""
    text = of_all() if options.service is None else encoded(document(APIS[options.service]))
    if options.output is None:
        sys.stdout.buffer.write(text)
        return 0
    try:
        options.output.parent.mkdir(parents=True, exist_ok=True)
        options.output.write_bytes(text)
    except OSError as error:
        raise MistakeError(f"{options.output} cannot be written: {error}") from None
    return 0


def of_all() -> bytes:
    """The document of all services: what the edge serves at /api/v1/openapi.json."""
    documents = {service: document(api) for service, api in APIS.items()}
    return encoded(merged(documents, title=TITLE, about=ABOUT))
