"""How does a push service know who asks, and that the browser had asked for just that?"""

from datetime import datetime, timedelta
from typing import Self

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from py_vapid import Vapid02, VapidException

from services.notify.rules.push import bytes_of, text_of

SECRET_BYTES = 32
SIGNED_FOR = timedelta(hours=12)
"""RFC 8292 allows 24 hours; a new signature is made when half of it is over."""


class Signer:
    """Says to each push service who asks, by a key whose other half the browser was told."""

    def __init__(self, key: Vapid02, contact: str) -> None:
        self._key = key
        self._contact = contact
        self._signed: dict[str, tuple[datetime, str]] = {}

    @classmethod
    def of(cls, secret: str, contact: str) -> Self:
        """From the secret as base64url, as the setting has it; ValueError for what is none."""
        raw = bytes_of(secret)
        if len(raw) != SECRET_BYTES:
            raise ValueError(f"the key of web push has {SECRET_BYTES} bytes")
        key = ec.derive_private_key(int.from_bytes(raw, "big"), ec.SECP256R1())
        signer = Vapid02(key)
        try:
            signer.sign({"aud": "https://push.example", "sub": contact, "exp": 1})
        except VapidException as error:
            raise ValueError(f"push services are to be told a contact, not {contact!r}") from error
        return cls(signer, contact)

    @property
    def public_key(self) -> str:
        """What a browser subscribes with: `applicationServerKey`."""
        point = self._key.public_key.public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
        return text_of(point)

    def authorization(self, origin: str, at: datetime) -> str:
        """The header for this service, the same one for some hours."""
        until, said = self._signed.get(origin, (at, ""))
        if until - at < SIGNED_FOR / 2:
            until = at + SIGNED_FOR
            claims = {"aud": origin, "exp": int(until.timestamp()), "sub": self._contact}
            said = self._key.sign(claims)["Authorization"]
            self._signed[origin] = until, said
        return said
