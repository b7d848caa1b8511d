"""The PostgreSQL that the rows use: one that is given, or one of their own, over TCP."""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psycopg

import postgres_server
from benchmarks.measure import MissingError

__all__ = ["connected", "drop"]


@contextmanager
def connected() -> Iterator[tuple[str, psycopg.Connection[Any]]]:
    """The URL of a database, and a connection to it."""
    try:
        url = postgres_server.GIVEN or _own()
    except AssertionError as error:
        raise MissingError(f"no PostgreSQL server: {error}") from None
    with psycopg.connect(url) as connection:
        yield url, connection


def _own() -> str:
    """A server with the settings of the tests; over TCP, because a peer's driver hangs on sockets
    that hold as little as those of a folder do.
    """
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    os.environ["PGPORT"] = str(port)
    postgres_server.SETTINGS |= {"listen_addresses": "127.0.0.1", "shared_buffers": "256MB"}
    postgres_server.server_url()
    return f"postgresql://postgres@127.0.0.1:{port}/postgres"


def drop(connection: psycopg.Connection[Any], schema: str) -> None:
    """Whatever was in a schema of ours is gone."""
    connection.execute(f"DROP SCHEMA IF EXISTS {schema} CASCADE".encode())
    connection.commit()
