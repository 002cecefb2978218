"""Does a person see a paper of another's, whatever the statement asks for?"""

from datetime import UTC, datetime
from uuid import uuid4

from deploy.local.stack import person_of
from services.booking.rules.papers import Referral
from services.booking.store import Database, Papers, Patients
from shared import database
from tests.booking_stories import ALICE, BORIS
from tests.conftest import MakeDatabase
from tests.stories import CLINIC, an_id
from tests.walled import as_role, walled

CHILD, NURSE = an_id("a child"), an_id("a nurse")


async def test_as_a_person_one_sees_one_s_own_papers_and_one_s_children_s(
    fresh_database: MakeDatabase,
) -> None:
    dsn = await walled(fresh_database, "booking", "notify")
    pools = [
        await database.open_pool(as_role(dsn, role, "booking"), size_max=1, name="walls")
        for role in ("booking", person_of("booking"))
    ]
    store = Database(pools[0], 5.0, pools[1])
    papers, everybody = Papers(store), [ALICE, BORIS, CHILD]
    await Patients(store).make_dependant(ALICE, CHILD, body_hash=b"asked", dependants_max=3)
    for one in everybody:
        referral = Referral(
            id=uuid4(),
            service="cardiology",
            clinic_id=None,
            valid_until=datetime(2099, 1, 1, tzinfo=UTC),
            once=True,
        )
        await papers.refer(one, referral, body_hash=b"asked", by_id=NURSE)
        await papers.attach([one], CLINIC, NURSE)

    hers, his = await papers.own([ALICE], everybody), await papers.own([BORIS], everybody)

    assert {one.person_id for one in (*hers.attachments, *hers.referrals)} == {ALICE, CHILD}
    assert {one.person_id for one in (*his.attachments, *his.referrals)} == {BORIS}
    for pool in pools:
        pool.terminate()
