"""Was each person told, rightly and once, as the mail server itself saw it?"""

from collections import Counter
from collections.abc import Iterator
from uuid import UUID

from talon.audit.facts import CANCELLED, CONFIRMED, MOVED, Broken, Mail, Tells, World
from talon.audit.witness import Story, Witness
from talon.rush.journal import Act

TOLD_BY: tuple[tuple[Tells, tuple[Act, ...]], ...] = (
    (CONFIRMED, ("book", "confirm")),
    (MOVED, ("move",)),
    (CANCELLED, ("cancel",)),
)
"""Which mail tells of which act."""


def untold(witness: Witness, world: World) -> Iterator[Broken]:
    """What was granted and no mail told, or one that tells it to another person or wrongly."""
    excused = Counter((row.booking_id, row.tells) for row in world.messages if row.excuses)
    for story in witness.stories.values():
        for tells, acts in TOLD_BY:
            found = world.told(story.id, tells)
            distinct = {mail.message_id for mail in found}
            missing = len(story.of(*acts)) - len(distinct) - excused[story.id, tells]
            if missing > 0:
                said = ", ".join(mail.tells for mail in world.mails.get(story.id, ())) or "no mail"
                yield _broken(story.id, f"a mail {tells}", said)
            for mail in found:
                yield from _told_wrongly(story, mail, world)


def told_twice(witness: Witness, world: World) -> Iterator[Broken]:
    """The same message to the same person more than once, or two confirmations of one booking."""
    copies = Counter(
        (mail.person, mail.message_id) for mails in world.mails.values() for mail in mails
    )
    for (person, message_id), count in copies.items():
        if count > 1:
            yield Broken(
                about=message_id, where="mail", expected=f"once to {person}", found=f"{count} times"
            )
    for booking_id in world.mails:
        for tells in (CONFIRMED, CANCELLED):
            messages = {mail.message_id for mail in world.told(booking_id, tells)}
            if len(messages) > 1:
                yield _broken(booking_id, f"one mail {tells}", f"{len(messages)} of them")


def ghosts(witness: Witness, world: World) -> Iterator[Broken]:
    """Mail about what nobody was granted, and that no unanswered wish explains."""
    for mail in world.strays:
        yield Broken(about=mail.message_id, where="mail", expected="a booking's name", found="none")
    for booking_id, mails in world.mails.items():
        story = witness.stories.get(booking_id)
        if story is None:
            if not world.is_an_outsider_s(booking_id) and not _may_be_done(
                witness, world, booking_id
            ):
                yield _broken(booking_id, "nobody was granted this", mails[0].tells)
            continue
        for tells, acts in TOLD_BY:
            told = len({mail.message_id for mail in world.told(booking_id, tells)})
            allowed = len(story.of(*acts)) + len(story.in_doubt(*acts))
            if told > allowed:
                yield _broken(booking_id, f"{allowed} mails {tells}", f"{told}")


def _told_wrongly(story: Story, mail: Mail, world: World) -> Iterator[Broken]:
    address = world.addresses.get(story.owner)
    if address is not None and mail.person != address:
        yield _broken(story.id, f"told to {address}", f"told to {mail.person}")
    made = story.made
    if mail.tells == CONFIRMED and made is not None and mail.requests != len(made.given):
        yield _broken(
            story.id, f"{len(made.given)} entries for the calendar", f"{mail.requests} of them"
        )
    if mail.tells == CANCELLED and not mail.cancels:
        yield _broken(story.id, "entries taken from the calendar", "none")


def _may_be_done(witness: Witness, world: World, booking_id: UUID) -> bool:
    row = world.bookings.get(booking_id)
    wishes = witness.by_owner.get(row.owner_id, ()) if row is not None else ()
    return any(wish.outcome == "unknown" for wish in wishes)


def _broken(about: UUID, expected: str, found: str) -> Broken:
    return Broken(about=str(about), where="mail", expected=expected, found=found)
