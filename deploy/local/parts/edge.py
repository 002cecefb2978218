"""How does the edge start: nginx, the one origin for pages and API, before every service?"""

import asyncio
import grp
import os
import pwd
import resource
import shutil
import signal
import urllib.error
import urllib.request
from collections.abc import Mapping
from http.client import HTTPException
from pathlib import Path

import msgspec

from deploy.local import processes
from deploy.local.parts import HopelessError, NotReadyError, Part, edge_texts, files, python
from deploy.local.progress import say
from deploy.local.settings import CHECKOUT
from deploy.local.stack import SERVICES, Stack
from shared.web import BODY_BYTES_MAX

DEBIANS_NGINX = "/usr/sbin/nginx"
"""Where Debian puts it, which is often missing from an ordinary account's PATH."""

PROBE_SECONDS_MAX = 2.0
FILES_BESIDE = 1_000
"""Open files of a worker that are not connections: what it shows, remembers and logs to."""

OPEN_FILES_MAX = 500
"""How many of the answers it remembers a worker keeps open, to read them without opening them."""

RELOAD_SECONDS_MAX = 10.0
LOOK_SECONDS = 0.1

STOP_SECONDS = 3
"""How long what is under way may take to end in good order; as long as the services allow."""


class Place(msgspec.Struct, frozen=True, kw_only=True):
    """The folders of one nginx."""

    given: Path
    """What is made for it to read: `conf/` and the API's document, openapi.json."""
    home: Path
    """Everything it writes."""
    web: Path
    """The pages."""


def part(stack: Stack, counts: Mapping[str, int]) -> Part:
    """nginx in the foreground, in front of so many processes of each service."""
    folder = stack.home / "edge"
    place = Place(given=folder, home=folder, web=CHECKOUT / "web")

    async def prepare() -> None:
        configure(stack, place, counts)

    async def rescaled(pid: int) -> None:
        configure(stack, place, counts)
        await _read_again(pid)

    return Part(
        name="edge",
        needs=SERVICES,
        ports={
            "http": stack.settings.port("TALON_EDGE_PORT"),
            "ops": stack.settings.port("TALON_EDGE_OPS_PORT"),
        },
        # What nginx says before it has read its configuration would go to a file in /var/log.
        command=(_program(), "-p", str(folder), "-c", "conf/nginx.conf", "-e", "stderr"),
        environment={"PATH": os.environ["PATH"]},
        folder=str(folder.parent),
        prepare=prepare,
        rescaled=rescaled,
        probe=lambda: asyncio.to_thread(_ask, f"{stack.edge}/api/v1/"),
        settle=lambda: _describe_the_api(stack, folder),
        stop_signal=signal.SIGQUIT,
        # The kernel tells the master alone, and a killed one would leave its workers behind.
        orphan_signal=signal.SIGTERM,
        stop_seconds=STOP_SECONDS + 5.0,
    )


async def _read_again(master: int) -> None:
    """Have nginx read its configuration anew; returns when its new processes take what comes.

    The old ones finish what they have begun. They are gone, or have only that, when this returns.
    """
    before = processes.children_of(master)
    os.kill(master, signal.SIGHUP)
    try:
        async with asyncio.timeout(RELOAD_SECONDS_MAX):
            while not processes.children_of(master) - before:  # noqa: ASYNC110 - nginx does not say
                await asyncio.sleep(LOOK_SECONDS)
    except TimeoutError:
        raise HopelessError("the edge does not take its new configuration; see its log") from None
    await asyncio.sleep(LOOK_SECONDS)


def _program() -> str:
    return shutil.which("nginx") or DEBIANS_NGINX


def configure(stack: Stack, place: Place, counts: Mapping[str, int]) -> None:
    """Write all that nginx reads when it starts; as many processes of each service as it says."""
    values = _values(stack, place)
    texts = {
        template.name: files.braced(f"nginx/{template.name}", values)
        for template in (CHECKOUT / "deploy" / "nginx").glob("*.conf")
    }
    texts["upstreams.conf"] = edge_texts.upstreams(stack, counts)
    texts["problems.conf"] = edge_texts.problems(stack)
    for name, text in texts.items():
        files.write(place.given / "conf" / name, text)


def _values(stack: Stack, place: Place) -> dict[str, str | int]:
    number = stack.settings.number
    connections_max = _connections_max(number("TALON_EDGE_CONNECTIONS_MAX"))
    return {
        "user": _user(),
        "given": str(place.given),
        "home": str(place.home),
        "web": str(place.web),
        "host": stack.settings.text("TALON_HOST"),
        "port": stack.settings.port("TALON_EDGE_PORT").number,
        "ops_port": stack.settings.port("TALON_EDGE_OPS_PORT").number,
        "workers": number("TALON_EDGE_WORKERS"),
        "files_max": connections_max + FILES_BESIDE,
        "connections_max": connections_max,
        "open_files_max": OPEN_FILES_MAX,
        "stop_seconds": STOP_SECONDS,
        "body_bytes_max": BODY_BYTES_MAX,
        "header_bytes_max": number("TALON_EDGE_HEADER_BYTES_MAX"),
        "address_connections_max": number("TALON_EDGE_ADDRESS_CONNECTIONS_MAX"),
        "requests_max": number("TALON_EDGE_ADDRESS_REQUESTS_PER_SECOND_MAX"),
        "wishes_max": number("TALON_EDGE_WISHES_PER_SECOND_MAX"),
        # As many at once as come in a quarter of a second: nobody of them waits for longer.
        "wishes_at_once": max(1, number("TALON_EDGE_WISHES_PER_SECOND_MAX") // 4),
        "address_wishes_max": number("TALON_EDGE_ADDRESS_WISHES_PER_SECOND_MAX"),
        "read_seconds": number("TALON_EDGE_READ_SECONDS"),
        "booking_seconds": number("TALON_EDGE_BOOKING_SECONDS"),
        "staff_seconds": number("TALON_EDGE_STAFF_SECONDS"),
        "live_silence_seconds": number("TALON_EDGE_LIVE_SILENCE_SECONDS"),
        "client_seconds": number("TALON_EDGE_CLIENT_SECONDS"),
        "idle_seconds": number("TALON_EDGE_IDLE_SECONDS"),
        "cache_mb": number("TALON_EDGE_CACHE_MB"),
    }


def _user() -> str:
    """Who nginx's workers are: whoever we are.

    As root nginx would give them to an account that cannot enter a checkout in a folder closed to
    others, and so could show no page. An ordinary account cannot give them away at all, and nginx
    complains of the directive.
    """
    if os.geteuid() != 0:
        return ""
    name = pwd.getpwuid(os.geteuid()).pw_name
    return f"user {name} {grp.getgrgid(os.getegid()).gr_name};"


def _connections_max(wanted: int) -> int:
    """As many as wanted, unless this account may not open so many files."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    possible = hard - FILES_BESIDE
    if hard == resource.RLIM_INFINITY or possible >= wanted:
        return wanted
    say("edge", f"holds {possible} connections in each process, not {wanted}: see ulimit -Hn")
    return possible


async def _describe_the_api(stack: Stack, folder: Path) -> None:
    """The document of all services' routes, as a file."""
    path = folder / "openapi.json"
    whole = path.with_suffix(".part")
    with whole.open("wb") as document, (stack.logs / "edge.log").open("ab") as log:
        process = await asyncio.create_subprocess_exec(
            *python("talon"), "openapi", cwd=CHECKOUT, stdout=document, stderr=log
        )
        code = await process.wait()
    if code != 0:
        raise HopelessError(f"python -m talon openapi failed; see {stack.logs / 'edge.log'}")
    whole.replace(path)


def _ask(url: str) -> None:
    """Raises `NotReadyError` until nginx answers anything at all."""
    try:
        with urllib.request.urlopen(url, timeout=PROBE_SECONDS_MAX):
            return
    except urllib.error.HTTPError as answer:
        answer.close()
    except (urllib.error.URLError, HTTPException) as reason:
        raise NotReadyError("it does not answer yet") from reason
