"""The tables of a ledger as PostgreSQL makes them, and who may do what with them.

    tables       those of `schema`, in one schema of the database, made in one transaction
    format       one row: the version of the tables
    triggers     on what only grows: no UPDATE, DELETE or TRUNCATE, by its owner neither
    rights       whoever serves the ledger reads and adds; he owns nothing, so that he cannot
                 take the triggers away

A superuser can do everything, as can whoever owns a file. What gives him away are the
checkpoints that others have kept.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from sqlalchemy.dialects import postgresql
from sqlalchemy.schema import CreateIndex, CreateTable

from ..errors import ConfigError
from .database import FORMAT
from .schema import APPEND_ONLY, PROJECTIONS, metadata

__all__ = ["dropped", "rights", "tables"]

_ROLE = re.compile(r"[a-z_][a-z0-9_-]{0,62}", re.ASCII)

_REFUSE = """\
CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'the log is append-only' USING ERRCODE = 'restrict_violation';
END
$$"""


def tables() -> Iterator[str]:
    """The statements that make everything in the schema that is set."""
    dialect = postgresql.dialect()  # type: ignore[no-untyped-call]
    for table in metadata.sorted_tables:
        yield str(CreateTable(table).compile(dialect=dialect))
        for index in sorted(table.indexes, key=lambda one: str(one.name)):
            yield str(CreateIndex(index).compile(dialect=dialect))
    # SQLite numbers the rows of a table of itself: the order in which they came.
    yield "ALTER TABLE cosignature ADD COLUMN rowid bigint GENERATED ALWAYS AS IDENTITY"
    # They are compressed already.
    yield "ALTER TABLE sheaf ALTER COLUMN data SET STORAGE EXTERNAL"
    yield "CREATE TABLE format (version bigint NOT NULL)"
    yield f"INSERT INTO format VALUES ({FORMAT})"
    yield _REFUSE
    for table in APPEND_ONLY:
        name = f"{table.name}_only_grows"
        yield (
            f"CREATE TRIGGER {name} BEFORE UPDATE OR DELETE OR TRUNCATE ON {table.name} "
            "FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()"
        )
        # Otherwise a session that calls itself a replica passes it by.
        yield f"ALTER TABLE {table.name} ENABLE ALWAYS TRIGGER {name}"


def dropped() -> Iterator[str]:
    """The statements that take everything away again: a beginning that failed."""
    for name in (*(table.name for table in metadata.sorted_tables), "format"):
        yield f"DROP TABLE IF EXISTS {name}"
    yield "DROP FUNCTION IF EXISTS refuse_change()"


def rights(schema: str, role: str, *, read_only: bool = False) -> list[str]:
    """The statements by which the owner lets a role serve the ledger in a schema, or read it.

    ConfigError ``database.role`` for a name that would have to be quoted.
    """
    if not _ROLE.fullmatch(role):
        raise ConfigError(
            f"role {role!a}, one of small letters, digits, - and _ is needed",
            code="database.role",
        )
    grown = ", ".join(f'"{schema}".{table.name}' for table in APPEND_ONLY)
    made = ", ".join(f'"{schema}".{table.name}' for table in PROJECTIONS)
    allowed = [
        f'REVOKE ALL ON ALL TABLES IN SCHEMA "{schema}" FROM PUBLIC, "{role}"',
        f'REVOKE ALL ON SCHEMA "{schema}" FROM PUBLIC, "{role}"',
        f'GRANT USAGE ON SCHEMA "{schema}" TO "{role}"',
        f'GRANT SELECT ON ALL TABLES IN SCHEMA "{schema}" TO "{role}"',
    ]
    if not read_only:
        allowed += [
            f'GRANT INSERT ON {grown} TO "{role}"',
            f'GRANT INSERT, UPDATE, DELETE ON {made} TO "{role}"',
            f'GRANT UPDATE ON "{schema}".head TO "{role}"',
        ]
    return allowed
