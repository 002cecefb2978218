"""May each role of PostgreSQL do what docs/least-privilege.md says, and nothing else?"""

import re
from itertools import product

import asyncpg
import pytest

from deploy.local.parts import files
from deploy.local.settings import CHECKOUT
from deploy.local.stack import PEOPLES, ROLES, SERVICES, owner_of, person_of
from shared import database
from shared.statements import load
from tests.conftest import MakeDatabase
from tests.least_privilege import table
from tests.schemas import MORE
from tests.walled import as_role, walled

PRIVILEGES = ("SELECT", "INSERT", "UPDATE", "DELETE", "TRUNCATE", "REFERENCES", "TRIGGER")
WALL = "wall"
NAME = re.compile(r"^-- name: (\w+)$", re.MULTILINE)

AS_PERSON = ("find_addresses", "find_wishes", "find_keys", "load_profiles")
"""What is said within a transaction that was somebody's from its beginning."""

TABLES = (
    "SELECT relname FROM pg_class WHERE relkind = 'r' AND relnamespace = $1::text::regnamespace"
)
WALLED = f"{TABLES} AND relrowsecurity AND relforcerowsecurity"
MAY = "SELECT has_table_privilege($1, $2::text, $3)"
COLUMNS = """SELECT count(*) FROM information_schema.column_privileges AS c
              WHERE c.table_schema = $1 AND c.grantee = ANY ($2::text[]) AND NOT EXISTS (
                    SELECT FROM information_schema.table_privileges AS t
                     WHERE (t.grantee, t.table_schema, t.table_name, t.privilege_type)
                         = (c.grantee, c.table_schema, c.table_name, c.privilege_type))"""


@pytest.fixture
async def dsn(fresh_database: MakeDatabase) -> str:
    return await walled(fresh_database, *SERVICES)


@pytest.mark.parametrize("service", SERVICES)
async def test_every_role_may_do_with_every_table_what_is_written(dsn: str, service: str) -> None:
    connection = await asyncpg.connect(dsn)
    tables = {row[0] for row in await connection.fetch(TABLES, service)}
    others = [role for role in ROLES if role != owner_of(service)]

    may = {
        name: {
            role: {
                privilege.lower()
                for privilege in PRIVILEGES
                if await connection.fetchval(MAY, role, f"{service}.{name}", privilege)
            }
            for role in others
        }
        for name in tables
    }

    written = table(service)
    nothing: dict[str, set[str]] = {role: set() for role in others}
    assert may == {
        name: nothing | {role: deeds for role, deeds in roles.items() if role != WALL}
        for name, roles in written.items()
    }
    # No right to single columns either, which the table would not show.
    assert await connection.fetchval(COLUMNS, service, others) == 0
    walls = {row[0] for row in await connection.fetch(WALLED, service)}
    assert walls == {name for name, roles in written.items() if roles.get(WALL)}
    await connection.close()


@pytest.mark.parametrize("service", SERVICES)
async def test_no_statement_lacks_a_right_and_no_right_lacks_a_statement(
    dsn: str, service: str
) -> None:
    connection = await asyncpg.connect(as_role(dsn, "postgres", service))
    for role, statements in _statements(service).items():
        await connection.execute("DEALLOCATE ALL")
        names = await _prepared(connection, statements)

        assert await _refused(connection, role, names) == []
        for name, roles in table(service).items():
            for deed in roles.get(role, ()):
                revoke = f"REVOKE {deed} ON {name} FROM {role}"
                needed = await _refused(connection, role, names, revoke)
                assert needed, f"nothing that {role} says needs {deed} on {name}"
    await connection.close()


def _statements(service: str) -> dict[str, dict[str, str]]:
    """By role, all that the service's code says to PostgreSQL at work."""
    ours = load(f"services.{service}") | load("shared")
    for package in (*MORE.get(service, ()), *(("shared.vault",) if service in PEOPLES else ())):
        ours |= load(package)
    at_work = {name: text for name, text in ours.items() if name not in _by_owner(service)}
    as_person = {name for name, text in at_work.items() if "talon.person" in text}
    said = {service: {name: text for name, text in at_work.items() if name not in as_person}}
    if as_person:
        in_transaction = set(AS_PERSON) & set(at_work)
        said[person_of(service)] = {name: at_work[name] for name in as_person | in_transaction}
    return said


def _by_owner(service: str) -> set[str]:
    """What is said by the owner of the tables, while a service starts."""
    files = ("shared/sql/migrate.sql", f"services/{service}/sql/owner.sql")
    texts = [path.read_text("utf-8") for path in map(CHECKOUT.joinpath, files) if path.exists()]
    return {name for text in texts for name in NAME.findall(text)}


async def _prepared(connection: asyncpg.Connection, statements: dict[str, str]) -> list[str]:
    """How each is explained: then it is looked at whether it may be done, and it is not done."""
    explained = []
    for name, text in statements.items():
        prepared = await connection.prepare(text)
        given = ", ".join(["NULL"] * len(prepared.get_parameters()))
        await connection.execute(f"PREPARE {name} AS {text}")
        explained.append(f"EXPLAIN EXECUTE {name}" + (f"({given})" if given else ""))
    return explained


async def _refused(
    connection: asyncpg.Connection, role: str, explained: list[str], first: str = ""
) -> list[str]:
    """Which of them the role may not do; after something else was done, the first of them."""
    refused: list[str] = []
    outer = connection.transaction()
    await outer.start()
    if first:
        await connection.execute(first)
    await connection.execute(f"SET LOCAL ROLE {role}")
    for each in explained:
        try:
            async with connection.transaction():
                await connection.execute(each)
        except asyncpg.InsufficientPrivilegeError:
            refused.append(each)
            if first:
                break
    await outer.rollback()
    return refused


async def test_nobody_sees_into_another_s_schema_or_makes_anything_in_any(dsn: str) -> None:
    connection = await asyncpg.connect(dsn)
    may = "SELECT has_schema_privilege($1, $2, $3)"

    for role, service in product(ROLES, SERVICES):
        sees = role.partition("_")[0] == service or role == "auditor"
        makes = role == owner_of(service)
        assert await connection.fetchval(may, role, service, "USAGE") is sees, (role, service)
        assert await connection.fetchval(may, role, service, "CREATE") is makes, (role, service)
    for role in ROLES:
        assert not await connection.fetchval(may, role, "public", "CREATE")
        assert not await connection.fetchval(
            "SELECT rolsuper OR rolbypassrls OR rolcreaterole OR rolcreatedb OR rolreplication"
            "  FROM pg_roles WHERE rolname = $1",
            role,
        )
    inherits = "SELECT count(*) FROM pg_auth_members WHERE member::regrole::text = ANY ($1::text[])"
    assert await connection.fetchval(inherits, ROLES) == 0
    await connection.close()


@pytest.mark.parametrize("service", SERVICES)
@pytest.mark.parametrize(
    "statement",
    [
        "CREATE TABLE mine ()",
        "ALTER TABLE outbox ADD COLUMN more text",
        "TRUNCATE outbox",
        "DROP TABLE outbox",
        "CREATE INDEX more ON outbox (seq)",
        "ALTER TABLE outbox DISABLE ROW LEVEL SECURITY",
        "UPDATE migration SET checksum = ''",
    ],
)
async def test_a_service_at_work_changes_no_table(dsn: str, service: str, statement: str) -> None:
    for role in (service, *([person_of(service)] if service in PEOPLES else [])):
        connection = await asyncpg.connect(as_role(dsn, role, service))
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await connection.execute(statement)
        await connection.close()


async def test_rights_that_are_no_longer_written_are_gone_after_the_next_start(dsn: str) -> None:
    owner = as_role(dsn, owner_of("slots"), "slots")
    connection = await asyncpg.connect(owner)
    await connection.execute("GRANT TRUNCATE ON answer TO slots")
    await connection.execute("UPDATE migration SET checksum = 'an older file' WHERE number = 0")

    await database.migrate(owner, ["shared", "shared.proposals", "services.slots"])

    assert not await connection.fetchval(MAY, "slots", "slots.answer", "TRUNCATE")
    await connection.close()


async def test_tables_of_a_service_that_owned_them_itself_become_its_owner_s(
    fresh_database: MakeDatabase,
) -> None:
    dsn = await fresh_database("nothing")
    connection = await asyncpg.connect(dsn)
    await connection.execute("CREATE SCHEMA slots AUTHORIZATION slots")
    await connection.execute("SET ROLE slots")
    await connection.execute("CREATE TABLE slots.older AS SELECT 'kept' AS word")
    await connection.execute("RESET ROLE")

    for _ in range(2):
        await connection.execute(files.source("postgres/schemas.sql"))

    owner = "SELECT relowner::regrole::text FROM pg_class WHERE oid = 'slots.older'::regclass"
    assert await connection.fetchval(owner) == owner_of("slots")
    # A process of the older version still works.
    at_work = await asyncpg.connect(as_role(dsn, "slots", "slots"))
    assert await at_work.fetchval("SELECT word FROM older") == "kept"
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await at_work.execute("DROP TABLE older")
    await at_work.close()
    await connection.close()
