"""Is a name's id the one that everybody else would work out?"""

from uuid import UUID, uuid5

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from shared.naming import named
from tests.stories import an_id


@given(st.uuids(), st.text(max_size=60).filter(lambda name: name.isprintable()))
def test_an_id_by_name_is_as_the_standard_has_it(namespace: UUID, name: str) -> None:
    made = named(namespace, name)

    assert made == uuid5(namespace, name)
    assert (made.version, made.variant) == (5, uuid5(namespace, name).variant)
    assert hash(made) == hash(uuid5(namespace, name))
    assert msgspec.json.encode(made) == msgspec.json.encode(str(made))


def test_what_was_named_before_is_named_so_still() -> None:
    assert str(named(UUID(int=1), "place/0")) == str(uuid5(UUID(int=1), "place/0"))
    assert named(an_id("one"), "x") != named(an_id("another"), "x")
