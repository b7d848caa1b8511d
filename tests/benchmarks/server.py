"""The PostgreSQL that the rows use: the one that the tests start, or that they are given."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psycopg

from benchmarks.measure import MissingError
from postgres_server import server_url

__all__ = ["connected", "drop"]


@contextmanager
def connected() -> Iterator[tuple[str, psycopg.Connection[Any]]]:
    """The URL of a database, and a connection to it."""
    try:
        url = server_url()
    except AssertionError as error:
        raise MissingError(f"no PostgreSQL server: {error}") from None
    with psycopg.connect(url) as connection:
        yield url, connection


def drop(connection: psycopg.Connection[Any], schema: str) -> None:
    """Whatever was in a schema of ours is gone."""
    connection.execute(f"DROP SCHEMA IF EXISTS {schema} CASCADE".encode())
    connection.commit()
