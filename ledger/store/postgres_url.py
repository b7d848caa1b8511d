"""Where a ledger in PostgreSQL is: a URL, and in it the schema that holds the tables.

    postgresql://clerk@db.example:5432/trade?schema=kivu
                 |     |               |            |
                 role  host, or a      database     one ledger; `oretrail` if none is named
                       ?host=/folder of a socket

Every other parameter is libpq's own, `sslmode` and `service` among them. A password is none of
them: the URL is written into oretrail.toml and shown in messages. It comes from PGPASSFILE,
PGSERVICEFILE or PGPASSWORD, as libpq reads them.
"""

from __future__ import annotations

import re
from pathlib import Path
from urllib.parse import parse_qsl, quote, unquote, urlencode, urlsplit

import msgspec

from ..errors import ConfigError

__all__ = ["Place", "Url", "is_url"]

Place = Path | str
"""Where a ledger is kept: a file, or the URL of a PostgreSQL schema."""

_SCHEMES = ("postgresql", "postgres")
_SCHEMA = re.compile(r"[a-z_][a-z0-9_]{0,62}", re.ASCII)
_PRINTED = re.compile(r"[!-~]+", re.ASCII)
_SECRET = ("password", "sslpassword", "passfile")
_DEFAULT = "oretrail"


def is_url(place: Place) -> bool:
    """Whether this names a PostgreSQL database, and no file."""
    return isinstance(place, str) and place.partition("://")[0] in _SCHEMES


class Url(msgspec.Struct, frozen=True):
    """What is handed to libpq, and the schema, which it does not know; `str` is for people."""

    text: str
    conninfo: str
    schema: str

    def __str__(self) -> str:
        return self.text

    def in_schema(self, schema: str) -> str:
        """The same database, and another schema of it."""
        joined = "&" if "?" in self.conninfo else "?"
        return f"{self.conninfo}{joined}schema={schema}"

    @classmethod
    def parse(cls, text: str) -> Url:
        """Read a URL; ConfigError ``database.url``, or ``database.password`` if it holds one."""
        if not _PRINTED.fullmatch(text):
            raise ConfigError(
                "the database's URL holds what must be written as %20 and the like",
                code="database.url",
            )
        try:
            parts = urlsplit(text)
            asked = parse_qsl(parts.query, keep_blank_values=True, strict_parsing=bool(parts.query))
            secret = parts.password is not None
        except ValueError as error:
            raise ConfigError(
                f"the database's URL cannot be read: {error}", code="database.url"
            ) from None
        if secret or any(name in _SECRET for name, _ in asked):
            raise ConfigError(
                "the database's URL holds a password, which would be kept in the open",
                code="database.password",
                hint="leave it out, and put it into ~/.pgpass or the environment's PGPASSWORD",
            )
        schemas = [value for name, value in asked if name == "schema"] or [_DEFAULT]
        if len(schemas) > 1 or not _SCHEMA.fullmatch(schemas[0]) or schemas[0][:3] == "pg_":
            raise ConfigError(
                f"schema {', '.join(schemas)!a}, one of small letters, digits and _ is needed",
                code="database.url",
            )
        if parts.scheme not in _SCHEMES or parts.fragment:
            raise ConfigError(
                f"{unquote(parts.scheme)}://... is no URL of a PostgreSQL database",
                code="database.url",
                hint="such as postgresql://clerk@db.example/trade?schema=kivu",
            )
        rest = urlencode([pair for pair in asked if pair[0] != "schema"], quote_via=quote)
        bare = f"postgresql://{parts.netloc}{parts.path}"
        return cls(text, f"{bare}?{rest}" if rest else bare, schemas[0])
