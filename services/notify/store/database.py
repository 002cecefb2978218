"""How is the database asked? Statements by name, and no wait for a connection without an end."""

import asyncpg
from asyncpg.pool import PoolConnectionProxy

from shared.statements import load

SQL = load("services.notify")
PLUMBING = load("shared")

ACQUIRE_SECONDS = 3.0

Connection = asyncpg.Connection | PoolConnectionProxy
