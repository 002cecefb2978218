"""Who is asking? A bearer JWT, its algorithm pinned by the issuer's key, verified once."""

import asyncio
import hashlib
import logging
import time
from collections import OrderedDict
from pathlib import Path
from typing import Any
from uuid import UUID

import aiohttp
import jwt
import msgspec
from aiohttp import web

from shared.counting import Found
from shared.problems import Problem

log = logging.getLogger(__name__)

ALGORITHMS = ("ES256", "EdDSA")
TOKEN_BYTES_MAX = 4_096
CACHED_MAX = 200_000
"""How many verified tokens are remembered, about 300 bytes each."""

REFRESH_SECONDS = 10.0
FETCH_SECONDS = 3.0
LEEWAY_SECONDS = 5


class Actor(msgspec.Struct, frozen=True):
    """Who asks, in which roles, and at which clinics. What that allows is `shared.policy`'s."""

    id: UUID
    roles: frozenset[str]
    clinics: frozenset[UUID]
    until: float


class Tokens:
    """The door: tells who an Authorization header speaks for."""

    def __init__(self, *, jwks: str, issuer: str, audience: str) -> None:
        self._source = jwks
        self._issuer = issuer
        self._audience = audience
        self._keys: dict[str, jwt.PyJWK] = {}
        self._fetched_at = float("-inf")
        self._fetching = asyncio.Lock()
        self._verified: OrderedDict[bytes, Actor] = OrderedDict()
        self._remembered = 0
        self._by_signature = 0

    async def actor(self, request: web.Request) -> Actor:
        """Who asks; 401 where that cannot be told."""
        scheme, _, token = request.headers.get("Authorization", "").partition(" ")
        if scheme.lower() != "bearer" or not token:
            raise _unauthorized("token_missing", "Send an Authorization: Bearer header.")
        if len(token) > TOKEN_BYTES_MAX:
            raise _unauthorized("token_invalid", "The token is too long.")
        key = hashlib.sha256(token.encode(errors="replace")).digest()
        actor = self._verified.get(key)
        if actor is not None and actor.until > time.time():
            self._remembered += 1
            return actor
        self._by_signature += 1
        actor = await self._verify(token)
        self._verified[key] = actor
        if len(self._verified) > CACHED_MAX:
            self._verified.popitem(last=False)
        return actor

    def checks(self) -> Found:
        """How many tokens were known already, and how many had to be verified."""
        return [(("memory",), self._remembered), (("signature",), self._by_signature)]

    async def _verify(self, token: str) -> Actor:
        try:
            header = jwt.get_unverified_header(token)
            key = await self._key(str(header.get("kid", "")))
            if header.get("alg") not in ALGORITHMS or header["alg"] != key.algorithm_name:
                raise jwt.InvalidAlgorithmError("another algorithm than the key's")
            claims = jwt.decode(
                token,
                key,
                algorithms=[key.algorithm_name],
                audience=self._audience,
                issuer=self._issuer,
                leeway=LEEWAY_SECONDS,
                options={"require": ["exp", "sub", "iss", "aud"]},
            )
            return _actor(claims)
        except jwt.ExpiredSignatureError as error:
            raise _unauthorized("token_expired", "The token has expired; sign in again.") from error
        except (jwt.PyJWTError, msgspec.ValidationError, ValueError, TypeError) as error:
            raise _unauthorized("token_invalid", "The token is not valid here.") from error

    async def _key(self, kid: str) -> jwt.PyJWK:
        if kid not in self._keys:
            # Who comes while the keys are being fetched waits for them like the first.
            async with self._fetching:
                due = time.monotonic() - self._fetched_at > REFRESH_SECONDS
                if kid not in self._keys and due:
                    await self._fetch()
        if kid not in self._keys:
            raise jwt.InvalidKeyError("a key the issuer does not publish")
        return self._keys[kid]

    async def _fetch(self) -> None:
        """The issuer's keys, from a file or an address; an outage leaves the old ones in force."""
        self._fetched_at = time.monotonic()
        try:
            text = await _text_of(self._source)
            keys = jwt.PyJWKSet.from_json(text).keys
            self._keys = {str(key.key_id): key for key in keys}
        except (OSError, TimeoutError, aiohttp.ClientError, jwt.PyJWTError, ValueError) as error:
            log.error("the issuer's keys cannot be read", extra={"error": repr(error)})


async def _text_of(source: str) -> str:
    if source.startswith(("http://", "https://")):
        timeout = aiohttp.ClientTimeout(total=FETCH_SECONDS)
        async with aiohttp.ClientSession(timeout=timeout) as session, session.get(source) as answer:
            answer.raise_for_status()
            return await answer.text()
    return await asyncio.to_thread(Path(source).read_text, encoding="utf-8")


def _actor(claims: dict[str, Any]) -> Actor:
    return Actor(
        id=UUID(str(claims["sub"])),
        roles=frozenset(msgspec.convert(claims.get("roles", []), list[str])),
        clinics=frozenset(msgspec.convert(claims.get("clinics", []), list[UUID])),
        until=float(claims["exp"]) + LEEWAY_SECONDS,
    )


def _unauthorized(code: str, detail: str) -> Problem:
    return Problem(401, code, detail, headers={"WWW-Authenticate": "Bearer"})
