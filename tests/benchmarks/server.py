"""The PostgreSQL that the rows use: a database whose schemas may be made and dropped."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psycopg

__all__ = ["connection", "drop", "running"]

NAME = "ORETRAIL_POSTGRES"


@contextmanager
def running() -> Iterator[str]:
    """The URL of a database, from the environment."""
    url = os.environ.get(NAME, "")
    if not url:
        raise ImportError(f"no PostgreSQL: {NAME} names none")
    yield url


def connection(url: str) -> psycopg.Connection[Any]:
    return psycopg.connect(url)


def drop(connection: psycopg.Connection[Any], schema: str) -> None:
    """Whatever was in a schema of ours is gone."""
    connection.execute(f"DROP SCHEMA IF EXISTS {schema} CASCADE")
    connection.commit()
