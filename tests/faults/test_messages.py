"""What are people told while the provider misbehaves and the messenger is killed?"""

import pytest

from tests.messages.__main__ import campaign, is_so, report
from tests.messages.sizes import SHORT

SEED = 1


@pytest.mark.parametrize("keyed", [True, False], ids=["with keys", "without keys"])
def test_nobody_is_told_twice_and_no_fate_is_untrue_whoever_is_killed(keyed: bool) -> None:
    found = campaign(SHORT, SEED, keyed=keyed)

    assert is_so(found, keyed=keyed), "\n".join(report(found, keyed=keyed))
    assert found.kills > 0
    assert len(found.did) == 5
