"""What stands in a ledger's tables, and who may do what he likes with them."""

from __future__ import annotations

import psycopg

from actors import LOG, World, extracted, split, weighed
from ledger.events.base import Draw
from ledger.ledger import Ledger
from ledger.log import note
from ledger.store.postgres_url import Url
from ledger.store.schema import metadata
from quorums import cosigner

__all__ = ["owner", "rows", "with_all_tables"]


def owner(url: str) -> psycopg.Connection[tuple[object, ...]]:
    """A connection of the owner's, who does what he likes in the schema."""
    one = Url.parse(url)
    connection = psycopg.connect(one.conninfo, autocommit=True)
    connection.execute(f'SET search_path = "{one.schema}"'.encode())
    return connection


def with_all_tables(world: World) -> World:
    """Something in every table."""
    world.record(extracted("A"), *(extracted(f"L{n}") for n in range(40)))
    world.record(weighed("A", 45_000_000))
    world.record(split("A", Draw("A1", 20_000_000), Draw("A2", 25_000_000)))
    signed = world.ledger.checkpoint(LOG)
    lines = note.parse(note.add(signed, cosigner("w1"))).signatures[1:]
    world.ledger.keep_cosignatures(world.ledger.head().size, lines)
    return world


def rows(ledger: Ledger) -> dict[str, list[tuple[object, ...]]]:
    """Every row of every table."""
    with ledger._reading() as connection:
        return {
            table.name: sorted(
                tuple(row)
                for row in connection.exec_driver_sql(
                    f"SELECT {', '.join(column.name for column in table.columns)} FROM {table.name}"
                ).all()
            )
            for table in metadata.sorted_tables
        }
