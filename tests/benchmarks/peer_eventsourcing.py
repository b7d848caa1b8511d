"""eventsourcing: one aggregate for each lot, as its users write them.

It checks a signature for each event, custody and mass; all aggregates stay in memory, which
is the kindest setting. It keeps no hashes, no tree, no proof; its log is rows that may change.
"""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import msgspec
from eventsourcing.application import Application
from eventsourcing.domain import Aggregate, event

from benchmarks.measure import Timing, timed
from benchmarks.peer_rules import Signed, check_signature

__all__ = ["on_postgres", "on_sqlite", "register"]


class Lot(Aggregate):
    @event("Began")
    def __init__(self, name: str, holder: str, mass: int, payload: str, signature: str) -> None:
        self.name, self.holder, self.mass, self.taker = name, holder, mass, ""

    @staticmethod
    def create_id(name: str) -> uuid.UUID:
        return _id(name)

    @event("Drawn")
    def draw(self, by: str, mass: int, into: str) -> None:
        if self.holder != by or self.taker:
            raise ValueError(f"{by} does not hold {self.name}")
        if mass > self.mass:
            raise ValueError(f"{mass} of {self.mass}")
        self.mass -= mass

    @event("Sent")
    def send(self, by: str, taker: str, payload: str, signature: str) -> None:
        if self.holder != by or self.taker:
            raise ValueError(f"{by} does not hold {self.name}")
        self.taker = taker

    @event("Received")
    def receive(self, by: str, giver: str, mass: int, payload: str, signature: str) -> None:
        if self.taker != by or self.holder != giver:
            raise ValueError(f"{self.name} is not on its way to {by}")
        self.holder, self.taker, self.mass = by, "", mass

    @event("Pinned")
    def pin(self, payload: str, signature: str) -> None:
        pass


def _id(name: str) -> uuid.UUID:
    return uuid.uuid5(uuid.NAMESPACE_URL, name)


class Lots(Application[uuid.UUID]):
    """What a user's application is: commands on aggregates, and a save."""

    def __init__(self, env: dict[str, str]) -> None:
        super().__init__(env=env)
        self.live: dict[str, Lot] = {}
        self.pending: dict[str, Lot] = {}

    def lot(self, name: str) -> Lot:
        found = self.live.get(name)
        if found is None:
            loaded: Any = self.repository.get(_id(name))
            self.live[name] = found = loaded
        self.pending[name] = found
        return found

    def began(self, name: str, *rest: Any) -> None:
        self.live[name] = self.pending[name] = Lot(name, *rest)

    def keep(self) -> None:
        self.save(*self.pending.values())
        self.pending.clear()

    def take(self, one: Signed) -> None:
        """One event: its signature, then the commands that it means."""
        check_signature(one)
        told = msgspec.json.decode(one[0])
        signed = (one[0].decode(), one[1].hex())
        match told["type"]:
            case "lot.extracted":
                self.began(told["lot"], told["by"], told["mass"], *signed)
            case "lots.blended":
                self.blended(told, *signed)
            case "lot.split" | "lot.refined":
                self.divided(told, *signed)
            case "custody.dispatched":
                for sent in told["lots"]:
                    self.lot(sent["lot"]).send(told["by"], told["to"], *signed)
            case "custody.received":
                for got in told["lots"]:
                    lot = self.lot(got["lot"])
                    lot.receive(told["by"], told["giver"], got["mass"], *signed)
            case _:
                self.lot(told["subject"].removeprefix("lot:")).pin(*signed)

    def blended(self, told: dict[str, Any], payload: str, signature: str) -> None:
        total = 0
        for drawn in told["inputs"]:
            lot = self.lot(drawn["lot"])
            mass = drawn.get("mass", lot.mass)
            lot.draw(told["by"], mass, told["lot"])
            total += mass
        if total != told["mass"]:
            raise ValueError("not conserved")
        self.began(told["lot"], told["by"], total, payload, signature)

    def divided(self, told: dict[str, Any], payload: str, signature: str) -> None:
        by, lot = told["by"], self.lot(told["lot"])
        for loss in told.get("losses", ()):
            lot.draw(by, loss["mass"], loss["reason"])
        for part in told.get("parts") or told["outputs"]:
            lot.draw(by, part["mass"], part["lot"])
            self.began(part["lot"], by, part["mass"], payload, signature)
        if lot.mass:
            raise ValueError("not conserved")


def on_sqlite(place: Path) -> dict[str, str]:
    return {"PERSISTENCE_MODULE": "eventsourcing.sqlite", "SQLITE_DBNAME": str(place)}


def on_postgres(connection: Any) -> dict[str, str]:
    """Its settings for the server that a psycopg connection is to; its tables made anew."""
    connection.execute("DROP TABLE IF EXISTS lots_events")
    connection.commit()
    info = connection.info
    return {
        "PERSISTENCE_MODULE": "eventsourcing.postgres",
        "POSTGRES_DBNAME": info.dbname,
        "POSTGRES_HOST": info.host,
        "POSTGRES_PORT": str(info.port),
        "POSTGRES_USER": info.user,
        "POSTGRES_PASSWORD": info.password or "none",
    }


def register(env: dict[str, str], events: Sequence[Signed], per: int) -> Timing:
    """Take every event, save after each `per` of them."""
    application = Lots(env)

    def take() -> None:
        for number, one in enumerate(events, 1):
            application.take(one)
            if number % per == 0:
                application.keep()
        application.keep()

    try:
        return timed(take, len(events))
    finally:
        application.close()
