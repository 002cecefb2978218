"""How is it run? python -m tests.messages --profile full --seed 1, on a stack of its own.

Twice: with a provider that knows a message by its key, and with one that does not.
"""

import argparse
import asyncio
import os
import sys
from random import Random

from deploy.local.settings import DISTANCE_SETTING
from deploy.local.stack import named
from tests.messages.play import Found, play
from tests.messages.provider import Provider, serving
from tests.messages.sizes import PROFILES, Size
from tests.stack_verbs import verb

STACK = "messages"
DISTANCE = "800"
PARTS = ("--only", "postgres,kafka,sink,notify")
PORT = 8_999


def settings(keyed: bool) -> dict[str, str]:
    """The messenger speaks to the provider of this campaign alone, and waits for it a second."""
    return {
        DISTANCE_SETTING: DISTANCE,
        "TALON_SMS_PROVIDER": "twilio",
        "TALON_TWILIO_API": f"http://127.0.0.1:{PORT}",
        "TALON_TWILIO_ACCOUNT": "AC" + "0" * 32,
        "TALON_TWILIO_TOKEN": "a token of the tests",
        "TALON_TWILIO_KEYED": "true" if keyed else "false",
        "TALON_SMS_FROM": "+79000000000",
        "TALON_TWILIO_CONNECTIONS_MAX": "8",
        "TALON_SMS_SHARE_MIN": "0",
        "TALON_PROVIDER_REST_SECONDS_MAX": "2.0",
        "TALON_SEND_SECONDS": "1.0",
        "TALON_CLAIM_SECONDS": "4.0",
        "TALON_BACKOFF_SECONDS_MAX": "4.0",
    }


def main() -> int:
    """0 where everything is as it must be, with both providers."""
    words = argparse.ArgumentParser(prog="python -m tests.messages", description=__doc__)
    words.add_argument("--profile", choices=PROFILES, default="full")
    words.add_argument("--seed", type=int, default=1)
    options = words.parse_args()
    all_so = True
    for keyed in (True, False):
        found = campaign(PROFILES[options.profile], options.seed, keyed=keyed)
        print("\n".join(report(found, keyed=keyed)), flush=True)
        all_so = all_so and is_so(found, keyed=keyed)
    return int(not all_so)


def campaign(size: Size, seed: int, *, keyed: bool) -> Found:
    """One campaign from nothing to nothing, on a stack of its own."""
    environ = dict(os.environ) | settings(keyed) | {"STACK": STACK}
    stack, dice = named(STACK, environ), Random(f"messages/{seed}")
    provider = Provider(size, keyed=keyed, dice=Random(f"provider/{seed}"))

    async def played() -> Found:
        async with serving(provider, PORT):
            return await play(stack, size, provider, dice)

    verb(environ, "reset")
    try:
        verb(environ, "up", *PARTS)
        return asyncio.run(played())
    finally:
        verb(environ, "down" if os.environ.get("KEEP") else "reset")


def is_so(found: Found, *, keyed: bool) -> bool:
    """Nobody is told twice, nothing of the ledger is untrue; with keys everybody is told."""
    is_true = found.twice == 0 and not found.untrue and found.anew == 0
    return is_true and (not keyed or found.taken == found.events)


def report(found: Found, *, keyed: bool) -> list[str]:
    """What was found, a line each."""
    how = "with keys" if keyed else "without keys"
    did = ", ".join(f"{mood} {times:,}" for mood, times in sorted(found.did.items()))
    fates = ", ".join(f"{fate} {count:,}" for fate, count in sorted(found.fates.items()))
    return [
        f"{how}: {found.events:,} events, {found.kills} kills, {found.seconds:.0f} s; asked: {did}",
        f"  taken {found.taken:,}, twice {found.twice}; in the ledger: {fates}",
        f"  read anew from the beginning: {found.anew} more",
        *(f"  untrue: {one}" for one in found.untrue[:10]),
        f"messages {how}: {'all so' if is_so(found, keyed=keyed) else 'NOT SO'}",
    ]


if __name__ == "__main__":
    sys.exit(main())
