"""How is a program started so that it never outlives its supervisor?"""

import asyncio
import os
import signal
from contextlib import suppress
from io import BufferedWriter
from pathlib import Path

from deploy.local.parts import HopelessError, Part


async def start(part: Part, log: Path) -> asyncio.subprocess.Process:
    """Start the part in a session of its own: a Ctrl-C in our terminal is ours to hand on."""
    with _appending(log) as output:
        process = await asyncio.create_subprocess_exec(
            *_command(_yielding(part), part.user, part.orphan_signal),
            cwd=part.folder,
            env=part.environment,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            start_new_session=True,
        )
    if part.niceness:
        _yield_as_session(process.pid, part.niceness)
    return process


async def run_once(command: tuple[str, ...], log: Path, *, user: str | None, folder: str) -> None:
    """Run a program to its end; it ends with us. `HopelessError` when it fails."""
    with _appending(log) as output:
        process = await asyncio.create_subprocess_exec(
            *_command(command, user, signal.SIGKILL),
            cwd=folder,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            start_new_session=True,
        )
    try:
        code = await process.wait()
    finally:
        end_group(process.pid)
    if code != 0:
        raise HopelessError(f"{Path(command[0]).name} failed ({ending(code)}); see {log}")


def end_group(pid: int) -> None:
    """Whatever a program started and left behind in its session ends with it."""
    try:
        os.killpg(pid, signal.SIGKILL)
    except ProcessLookupError:
        return


def ending(code: int) -> str:
    """How a process ended, in words."""
    return f"exit {code}" if code >= 0 else signal.Signals(-code).name


def _command(command: tuple[str, ...], user: str | None, orphan: signal.Signals) -> list[str]:
    # setpriv changes the account first and sets the death signal after it: the kernel forgets the
    # signal when the account changes. It then becomes the program, so the number stays the same.
    words = ["setpriv", "--pdeathsig", orphan.name.removeprefix("SIG")]
    if user is not None:
        words += [f"--reuid={user}", f"--regid={user}", "--init-groups"]
    return [*words, "--", *command]


def _yielding(part: Part) -> tuple[str, ...]:
    """The part's command; `nice` becomes the program as well."""
    return ("nice", "-n", str(part.niceness), *part.command) if part.niceness else part.command


def _yield_as_session(pid: int, niceness: int) -> None:
    """Where the kernel groups processes by session, a process's own niceness only counts within its
    session, and each part has one of its own: the group has to yield.
    """
    with suppress(OSError):
        Path(f"/proc/{pid}/autogroup").write_text(str(niceness), encoding="ascii")


def _appending(path: Path) -> BufferedWriter:
    return path.open("ab")
