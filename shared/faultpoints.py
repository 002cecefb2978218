"""At which moments may a fault campaign end this process, that no signal from outside can hit?

Off unless `TALON_FAULT_POINTS` names a folder, and refused in production. A point is armed by a
file of its name in that folder: whoever reaches it first takes the file away and is gone, as by
SIGKILL.
"""

import os
import signal
from collections.abc import Mapping
from pathlib import Path

from shared.config import SettingError

SETTING = "TALON_FAULT_POINTS"
ENVIRONMENT = "TALON_ENV"
PRODUCTION = "production"

TRANSACTION_OPEN = "transaction-open"
"""All of a batch is written, and COMMIT is the next word."""
COMMITTED = "committed"
"""A batch is committed, and nobody has been told."""
PUBLISHED = "published"
"""The log has what was committed, and the outbox still says that it is to be told."""
KEPT = "kept"
"""The front desk has kept the referee's answers, and nobody at the door has heard them."""
HANDED_OVER = "handed-over"
"""A wish is on the log, and whoever asked has no answer."""
SENT = "sent"
"""The mail server has a mail, and the ledger still says that it is claimed."""

POINTS = (TRANSACTION_OPEN, COMMITTED, PUBLISHED, KEPT, HANDED_OVER, SENT)


class _Armed:
    """The folder of armed points; None, as always but in a campaign, is the end of the matter."""

    folder: Path | None = None


def set_up(service: str, environ: Mapping[str, str]) -> None:
    """Look where points are armed: each service has a folder in the one that is named."""
    folder = environ.get(SETTING)
    if not folder:
        _Armed.folder = None
        return
    if environ.get(ENVIRONMENT) == PRODUCTION:
        raise SettingError(f"{SETTING} is set, and {ENVIRONMENT} says {PRODUCTION}: unset it")
    _Armed.folder = Path(folder) / service


def reach(point: str) -> None:
    """Go on; or, where a campaign has armed this point, end here and now."""
    if _Armed.folder is None:
        return
    try:
        (_Armed.folder / point).unlink()
    except OSError:
        return
    os.kill(os.getpid(), signal.SIGKILL)
