"""Does the campaign of messages see what would be untrue, at a provider that counts?"""

from collections import Counter
from random import Random
from typing import Any

import msgspec
import pytest
from aiohttp import ClientError, ClientSession, ClientTimeout

from tests.messages.__main__ import is_so
from tests.messages.play import Found
from tests.messages.provider import Provider, serving
from tests.messages.sizes import SHORT

ALL_SO = Found(events=10, taken=10, fates=Counter(sent=10))


@pytest.mark.parametrize(
    ("wrong", "keyed", "without"),
    [
        ({}, True, True),
        ({"twice": 1}, False, False),
        ({"untrue": ["sent, and taken 0 times"]}, False, False),
        ({"anew": 1}, False, False),
        ({"taken": 9}, False, True),
    ],
    ids=["all so", "told twice", "the ledger is wrong", "told anew", "somebody was not told"],
)
def test_what_would_have_gone_wrong_is_seen(
    wrong: dict[str, Any], keyed: bool, without: bool
) -> None:
    found = msgspec.structs.replace(ALL_SO, **wrong)

    assert (is_so(found, keyed=True), is_so(found, keyed=False)) == (keyed, without)


@pytest.mark.parametrize("keyed", [True, False], ids=["with keys", "without"])
async def test_the_provider_counts_what_it_took_whatever_it_said(
    keyed: bool, unused_tcp_port: int
) -> None:
    provider = Provider(SHORT, keyed=keyed, dice=Random(1))
    heard: Counter[int] = Counter()
    url = f"http://127.0.0.1:{unused_tcp_port}/2010-04-01/Accounts/AC1/Messages.json"
    async with (
        serving(provider, unused_tcp_port),
        ClientSession(timeout=ClientTimeout(total=0.2)) as session,
    ):
        for _ in range(40):
            headers = {"I-Twilio-Idempotency-Token": "one"}
            try:
                async with session.post(url, data={"To": "+7900"}, headers=headers) as answer:
                    heard[answer.status] += 1
            except (ClientError, TimeoutError):
                heard[0] += 1

    moods = ("taken", "refused", "hangs", "resets", "slow_down")
    assert all(provider.did[mood] for mood in moods), provider.did
    took = provider.did.total() - provider.did["refused"] - provider.did["slow_down"]
    assert provider.taken["+7900"] == (1 if keyed else took)
    # Whoever is late on a busy machine is not heard either.
    assert heard[0] >= provider.did["hangs"] + provider.did["resets"]
