"""Is the container that this runs in ready? Exit 0 or 1: python -m deploy.docker.health [mail]

It is started every few seconds, so it imports nothing but Python's own.
"""

import http.client
import os
import smtplib
import sys
from collections.abc import Sequence

HERE = "127.0.0.1"
ANSWER_SECONDS_MAX = 2.0


def main(arguments: Sequence[str]) -> int:
    """Say what is missing, for `docker inspect` to show."""
    try:
        missing = _mail() if arguments == ["mail"] else _service()
    except (OSError, http.client.HTTPException, smtplib.SMTPException) as reason:
        missing = f"it does not answer: {reason}"
    print(missing or "ready")
    return 1 if missing else 0


def _service() -> str:
    """What a service's own door says; nothing when it is ready."""
    port = int(os.environ["TALON_OPS_PORT"])
    door = http.client.HTTPConnection(HERE, port, timeout=ANSWER_SECONDS_MAX)
    try:
        door.request("GET", "/readyz")
        answer = door.getresponse()
        said = answer.read().decode(errors="replace")
        return "" if answer.status == http.client.OK else said
    finally:
        door.close()


def _mail() -> str:
    """Nothing when the mail sink greets."""
    port = int(os.environ["TALON_SMTP_PORT"])
    with smtplib.SMTP(HERE, port, local_hostname="localhost", timeout=ANSWER_SECONDS_MAX):
        return ""


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
