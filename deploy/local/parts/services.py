"""How does one process of a service start, and when is it ready?"""

import asyncio
import os
import urllib.error
import urllib.request
from http.client import HTTPException

from deploy.local import handed, vaults
from deploy.local.parts import MAIL_NICENESS, NotReadyError, Part, python
from deploy.local.settings import CHECKOUT, Port
from deploy.local.stack import Stack

NEEDS = {
    "slots": ("postgres", "kafka"),
    "booking": ("postgres", "kafka"),
    "notify": ("postgres", "kafka", "sink"),
}
WITH_LINKS = ("booking", "notify")
PUSHES = "notify"
PROBE_SECONDS_MAX = 2.0
NOTE_LENGTH_MAX = 200


def name_of(service: str, instance: int) -> str:
    """The first process bears the service's name, the next are name-1, name-2..."""
    return f"{service}-{instance}" if instance else service


def part(stack: Stack, service: str, instance: int) -> Part:
    """One process of a service."""
    api = stack.settings.port(f"TALON_{service.upper()}_PORT", instance)
    ops = stack.settings.port(f"TALON_{service.upper()}_OPS_PORT", instance)

    async def prepare() -> None:
        handed.give(handed.folder_of(stack, service), handed.to_service(stack, service))

    return Part(
        name=name_of(service, instance),
        needs=NEEDS[service],
        ports={"api": api, "ops": ops},
        command=python(f"services.{service}"),
        environment=_environment(stack, service, instance=instance, ports=(api, ops)),
        folder=str(CHECKOUT),
        niceness=MAIL_NICENESS if service == "notify" else 0,
        prepare=prepare,
        probe=lambda: asyncio.to_thread(_ask, f"{stack.ops(service, instance)}/readyz"),
    )


def _environment(
    stack: Stack, service: str, *, instance: int, ports: tuple[Port, Port]
) -> dict[str, str]:
    """Every setting, and what this one process must know; of secrets, where its own are."""
    api, ops = ports
    folder = handed.folder_of(stack, service)
    knows_persons = service in vaults.SERVICES
    own = {"TALON_VAULT": str(stack.vault(service))} if knows_persons else {}
    return own | {
        **os.environ,
        **stack.settings.values,
        **{handed.SETTINGS[name]: str(folder / name) for name in handed.to_service(stack, service)},
        "TALON_KAFKA": stack.kafka_for_services,
        "TALON_KAFKA_USER": service,
        "TALON_SMTP": stack.smtp_for_services,
        "TALON_JWKS": str(stack.jwks),
        **_link_keys(stack, service),
        **_push_key(stack, service),
        "TALON_INSTANCE": str(instance),
        "TALON_PORT": str(api.number),
        "TALON_OPS_PORT": str(ops.number),
        "PYTHONUNBUFFERED": "1",
    }


def _link_keys(stack: Stack, service: str) -> dict[str, str]:
    """Links are nothing to the referee."""
    if service not in WITH_LINKS:
        return {}
    return {
        "TALON_LINK_KEYS_FILE": str(stack.link_keys),
        "TALON_LINK_PAGE": f"{stack.edge}/#/link/",
    }


def _push_key(stack: Stack, service: str) -> dict[str, str]:
    return {"TALON_PUSH_KEY_FILE": str(stack.push_key)} if service == PUSHES else {}


def _ask(url: str) -> None:
    """Raises `NotReadyError` with what the service says is missing."""
    try:
        with urllib.request.urlopen(url, timeout=PROBE_SECONDS_MAX):
            return
    except urllib.error.HTTPError as answer:
        with answer:
            raise NotReadyError(answer.read(NOTE_LENGTH_MAX).decode(errors="replace")) from None
    except (urllib.error.URLError, HTTPException) as reason:
        raise NotReadyError("it does not answer yet") from reason
