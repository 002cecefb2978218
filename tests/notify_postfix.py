"""How does a test stand beside a mail server that others wrote? Debian's Postfix, in a folder.

Nothing of the machine's own mail is read or touched: configuration, queue and mailboxes are in the
folder, and the port is one that was free. It is started by root alone, and gives that up itself.
"""

import os
import pwd
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

PATH = f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin"
DOMAIN = "example.org"
BYTES_MAX = 40_000

MAIN = """\
compatibility_level = 3.6
queue_directory = {home}/queue
data_directory = {home}/data
maillog_file = {home}/log
maillog_file_prefixes = {home}
myhostname = mx.example.org
myorigin = example.org
mydestination =
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
mynetworks = 127.0.0.0/8
alias_maps =
alias_database =
virtual_mailbox_domains = example.org
virtual_mailbox_base = {home}/mail
virtual_mailbox_maps = inline:{{
    {{patient-1@example.org = patient-1/}}, {{patient-2@example.org = patient-2/}} }}
virtual_uid_maps = static:{uid}
virtual_gid_maps = static:{gid}
virtual_minimum_uid = 1
message_size_limit = {bytes_max}
smtpd_relay_restrictions = reject_unauth_destination
smtpd_recipient_restrictions =
    check_recipient_access inline:{{ {{later@example.org = 450 4.2.1 come later}} }}
    reject_unlisted_recipient, permit
smtpd_client_connection_count_limit = 50
"""

MASTER = """\
127.0.0.1:{port} inet n - n - - smtpd
pickup unix n - n 60 1 pickup
cleanup unix n - n - 0 cleanup
qmgr unix n - n 300 1 qmgr
rewrite unix - - n - - trivial-rewrite
bounce unix - - n - 0 bounce
defer unix - - n - 0 bounce
trace unix - - n - 0 bounce
error unix - - n - - error
retry unix - - n - - error
proxymap unix - - n - - proxymap
virtual unix - n n - - virtual
anvil unix - - n - 1 anvil
postlog unix-dgram n - n - 1 postlogd
"""


class Postfix:
    """A running server, and what has arrived in its mailboxes."""

    def __init__(self, home: Path, port: int) -> None:
        self.home = home
        self.port = port

    def mails_of(self, name: str) -> list[bytes]:
        """The mails of name@example.org as they lie there, in the order of their arrival."""
        found = (self.home / "mail" / name / "new").glob("*")
        return [
            path.read_bytes() for path in sorted(found, key=lambda path: path.stat().st_mtime_ns)
        ]

    @property
    def log(self) -> str:
        """What it said."""
        return (self.home / "log").read_text("utf-8", "replace")


@contextmanager
def a_postfix() -> Iterator[Postfix]:
    """A mail server for two patients, until the test is over."""
    if shutil.which("postfix", path=PATH) is None:
        raise RuntimeError("the mail server is missing: make setup ALSO=postfix")
    if os.geteuid() != 0:
        pytest.skip("Postfix starts as root alone")
    home = Path(tempfile.mkdtemp(prefix="talon-postfix-"))
    try:
        server = Postfix(home, _free_port())
        _configure(server)
        _told(home, "start")
        try:
            yield server
        finally:
            _told(home, "abort")
    finally:
        shutil.rmtree(home)


def _configure(server: Postfix) -> None:
    home, owner = server.home, pwd.getpwnam("postfix")
    home.chmod(0o755)
    for name in ("conf", "queue", "data", "mail"):
        (home / name).mkdir()
    for name in ("data", "mail"):
        os.chown(home / name, owner.pw_uid, owner.pw_gid)
    main = MAIN.format(home=home, uid=owner.pw_uid, gid=owner.pw_gid, bytes_max=BYTES_MAX)
    (home / "conf" / "main.cf").write_text(main)
    (home / "conf" / "master.cf").write_text(MASTER.format(port=server.port))


def _told(home: Path, verb: str) -> None:
    done = subprocess.run(
        ["postfix", "-c", str(home / "conf"), verb],
        env=os.environ | {"PATH": PATH},
        capture_output=True,
        text=True,
        check=False,
    )
    said = home / "log"
    if done.returncode != 0:
        told = said.read_text("utf-8") if said.exists() else ""
        raise RuntimeError(f"postfix {verb}: {done.stderr}{told}")


def _free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        port: int = one.getsockname()[1]
        return port
