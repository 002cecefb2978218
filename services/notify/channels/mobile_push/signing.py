"""How does Apple know who asks? By a signature with a key that it gave the app's maker."""

from datetime import datetime
from typing import Self

import jwt
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from services.notify.rules.apps import signed_at

ALGORITHM = "ES256"


class Signer:
    """Says to Apple who asks, for some time by the same signature."""

    def __init__(self, key: ec.EllipticCurvePrivateKey, key_id: str, team_id: str) -> None:
        self._key = key
        self._key_id = key_id
        self._team_id = team_id
        self._signed: tuple[int, str] | None = None

    @classmethod
    def of(cls, pem: str, key_id: str, team_id: str) -> Self:
        """From the key as Apple's `.p8` file has it; ValueError for what is none."""
        try:
            key = load_pem_private_key(pem.encode(), password=None)
        except (TypeError, UnsupportedAlgorithm, ValueError) as error:
            # What it says could be a piece of the key.
            raise ValueError("the key of mobile push is no PEM of a private key") from error
        if not isinstance(key, ec.EllipticCurvePrivateKey) or key.curve.name != "secp256r1":
            raise ValueError("the key of mobile push is one of P-256")
        return cls(key, key_id, team_id)

    def authorization(self, at: datetime) -> str:
        """The header for all that is pushed about now."""
        moment = signed_at(at)
        if self._signed is None or self._signed[0] != moment:
            claims = {"iss": self._team_id, "iat": moment}
            token = jwt.encode(claims, self._key, ALGORITHM, headers={"kid": self._key_id})
            self._signed = moment, f"bearer {token}"
        return self._signed[1]
