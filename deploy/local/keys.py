"""With which key are development tokens signed, and by which are they verified?"""

import base64
import hashlib
import json
import os
from pathlib import Path

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from jwt.algorithms import ECAlgorithm


def make_once(private: Path, public: Path) -> None:
    """An ES256 key pair, made at the first start and kept as long as the stack's data."""
    if not private.exists():
        private.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        _write_private(private)
    pem = private.read_bytes()
    key = serialization.load_pem_private_key(pem, password=None)
    if not isinstance(key, ec.EllipticCurvePrivateKey):
        raise ValueError(f"{private} does not hold an elliptic-curve key")
    jwk = ECAlgorithm.to_jwk(key.public_key(), as_dict=True)
    jwk |= {"kid": _thumbprint(jwk), "use": "sig", "alg": "ES256"}
    public.write_text(json.dumps({"keys": [jwk]}, indent=2) + "\n", encoding="utf-8")


def _write_private(path: Path) -> None:
    pem = ec.generate_private_key(ec.SECP256R1()).private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    part = path.with_suffix(".part")
    descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(pem)
    part.replace(path)


def _thumbprint(jwk: dict[str, str]) -> str:
    """The key's name after RFC 7638: the same key has the same name everywhere."""
    required = {name: jwk[name] for name in ("crv", "kty", "x", "y")}
    canonical = json.dumps(required, separators=(",", ":"), sort_keys=True).encode()
    return base64.urlsafe_b64encode(hashlib.sha256(canonical).digest()).rstrip(b"=").decode()
