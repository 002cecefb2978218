"""Who does a development token speak for, and with which key is it signed?"""

import time
from collections.abc import Sequence
from uuid import UUID

import jwt
import msgspec
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

from deploy.local.stack import Stack
from talon.mistakes import MistakeError

ALGORITHM = "ES256"


class PublicKey(msgspec.Struct):
    """What is needed of a published key: its name."""

    kid: str


class PublicKeys(msgspec.Struct):
    """The published keys of an issuer."""

    keys: list[PublicKey]


class Signer:
    """Signs tokens as the stack's issuer would."""

    def __init__(self, stack: Stack) -> None:
        if not stack.issuer_key.exists() or not stack.jwks.exists():
            raise MistakeError(
                f"stack {stack.name} has no issuer yet; run: make up STACK={stack.name}"
            )
        key = serialization.load_pem_private_key(stack.issuer_key.read_bytes(), password=None)
        if not isinstance(key, ec.EllipticCurvePrivateKey):
            raise MistakeError(f"{stack.issuer_key} holds no elliptic-curve key")
        self._key = key
        self._kid = msgspec.json.decode(stack.jwks.read_bytes(), type=PublicKeys).keys[0].kid
        self._issuer = stack.settings.text("TALON_ISSUER")
        self._audience = stack.settings.text("TALON_AUDIENCE")

    def sign(
        self, subject: UUID, roles: Sequence[str], *, hours: float, clinics: Sequence[UUID] = ()
    ) -> str:
        """A token for one person, at these clinics, valid from now for so many hours."""
        now = int(time.time())
        claims = {
            "iss": self._issuer,
            "aud": self._audience,
            "sub": str(subject),
            "roles": list(roles),
            "clinics": [str(clinic) for clinic in clinics],
            "iat": now,
            "exp": now + int(hours * 3600),
        }
        return jwt.encode(claims, self._key, algorithm=ALGORITHM, headers={"kid": self._kid})
