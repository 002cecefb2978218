"""Of what is a letter made? Paragraphs, which are written as plain text and as a page alike."""

from collections.abc import Sequence
from html import escape
from typing import Literal

import msgspec

Kind = Literal["said", "visit", "links"]

_PAGE = (
    '<!DOCTYPE html>\n<html lang="{language}">\n<head>\n<meta charset="utf-8">\n'
    '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
    '<meta name="color-scheme" content="light dark">\n<title>{subject}</title>\n</head>\n'
    '<body style="margin:0;padding:1em;font:1em/1.5 sans-serif;'
    'background:Canvas;color:CanvasText">\n'
    '<div role="main" style="max-width:36em;margin:0 auto">\n'
    '<h1 style="font-size:1.4em;line-height:1.3">{subject}</h1>\n{said}\n</div>\n</body>\n</html>\n'
)
"""Nothing is fetched, so nobody learns that it was read; colours and sizes are the reader's own."""

_LINK = '<a href="{address}" style="overflow-wrap:anywhere">{address}</a>'


class Block(msgspec.Struct, frozen=True):
    """One paragraph. Of a visit the first line is its time; links stand between two sentences."""

    kind: Kind
    lines: tuple[str, ...]
    before: str = ""
    after: str = ""


def as_text(blocks: Sequence[Block]) -> str:
    """The paragraphs as plain text."""
    told = ["\n".join(filter(None, (one.before, *one.lines, one.after))) for one in blocks]
    return "\n\n".join(told) + "\n"


def as_page(language: str, subject: str, blocks: Sequence[Block]) -> str:
    """The same paragraphs as a page that a mail program shows."""
    said = "\n".join(map(_paragraph, blocks))
    return _PAGE.format(language=language, subject=escape(subject), said=said)


def _paragraph(block: Block) -> str:
    lines = [escape(line) for line in block.lines]
    if block.kind == "visit":
        lines[0] = f"<strong>{lines[0]}</strong>"
    elif block.kind == "links":
        lines = [_LINK.format(address=line) for line in lines]
    told = filter(None, (escape(block.before), *lines, escape(block.after)))
    return "<p>" + "<br>\n".join(told) + "</p>"
