"""The rules of custody and mass as somebody would write them on top of a peer.

    who holds a lot moves it       nobody takes more than there is       a hand-over takes two
    an event builds on the lot's last one                       a lot begins once

Far fewer than `ledger.custody.rules`: no keys' lifecycle, no metal, no tolerances, no holds,
no canonical spelling. It is what a peer's user has on the first day.
"""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import sha256
from typing import Any

import msgspec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from benchmarks.workload import FIRMS, Batch, firm_name, signer

__all__ = ["Custody", "Signed", "signed_events"]

Signed = tuple[bytes, bytes, bytes, str]
"""(event, signature, signed text, signer): one event with a signature of its own."""

_KEYS = {name: signer(name).verifier.public_key for name in map(firm_name, range(FIRMS))}


def signed_events(batches: Sequence[Batch]) -> list[Signed]:
    """What a peer gets: the events of statements of one, with their signatures."""
    found = []
    for one in batches:
        (data,) = one.statement.events
        (line,) = one.statement.signatures
        found.append((data, line.blob, one.statement.header.text().encode(), line.name))
    return found


def check_signature(one: Signed) -> bytes:
    """The event's hash, once its signature is known to be good and to be about it."""
    data, blob, text, name = one
    Ed25519PublicKey.from_public_bytes(_KEYS[name]).verify(blob, text)
    leaf = sha256(b"\0" + data).digest()
    if leaf.hex().encode() not in text:
        raise ValueError("the signature is about another event")
    return leaf


class Lot(msgspec.Struct):
    holder: str
    mass: int
    head: str
    taker: str = ""


class Custody:
    """Every lot in a dictionary."""

    def __init__(self) -> None:
        self.lots: dict[str, Lot] = {}

    def apply(self, data: bytes, leaf: bytes) -> None:
        event = msgspec.json.decode(data)
        head = leaf.hex()
        getattr(self, event["type"].replace(".", "_"))(event, head)

    def held(self, name: str, event: dict[str, Any]) -> Lot:
        lot = self.lots[name]
        if lot.holder != event["by"] or lot.taker:
            raise ValueError(f"{event['by']} does not hold {name}")
        if lot.head not in event["after"]:
            raise ValueError(f"{name} has moved on")
        return lot

    def opened(self, name: str, holder: str, mass: int, head: str) -> None:
        if name in self.lots:
            raise ValueError(f"{name} exists")
        self.lots[name] = Lot(holder, mass, head)

    def drawn(self, lot: Lot, mass: int, head: str) -> int:
        if mass > lot.mass:
            raise ValueError(f"{mass} of {lot.mass}")
        lot.mass -= mass
        lot.head = head
        return mass

    def lot_extracted(self, event: dict[str, Any], head: str) -> None:
        self.opened(event["lot"], event["by"], event["mass"], head)

    def lots_blended(self, event: dict[str, Any], head: str) -> None:
        total = 0
        for draw in event["inputs"]:
            lot = self.held(draw["lot"], event)
            total += self.drawn(lot, draw.get("mass", lot.mass), head)
        if total != event["mass"]:
            raise ValueError("not conserved")
        self.opened(event["lot"], event["by"], total, head)

    def lot_split(self, event: dict[str, Any], head: str) -> None:
        lot = self.held(event["lot"], event)
        for part in event["parts"]:
            self.drawn(lot, part["mass"], head)
            self.opened(part["lot"], event["by"], part["mass"], head)
        if lot.mass:
            raise ValueError("not conserved")

    def lot_refined(self, event: dict[str, Any], head: str) -> None:
        lot = self.held(event["lot"], event)
        for loss in event["losses"]:
            self.drawn(lot, loss["mass"], head)
        for out in event["outputs"]:
            self.drawn(lot, out["mass"], head)
            self.opened(out["lot"], event["by"], out["mass"], head)
        if lot.mass:
            raise ValueError("not conserved")

    def custody_dispatched(self, event: dict[str, Any], head: str) -> None:
        for sent in event["lots"]:
            lot = self.held(sent["lot"], event)
            lot.taker, lot.head = event["to"], head

    def custody_received(self, event: dict[str, Any], head: str) -> None:
        for got in event["lots"]:
            lot = self.lots[got["lot"]]
            if lot.taker != event["by"] or lot.holder != event["giver"]:
                raise ValueError(f"{got['lot']} is not on its way there")
            if lot.head not in event["after"]:
                raise ValueError(f"{got['lot']} has moved on")
            lot.holder, lot.taker, lot.mass, lot.head = event["by"], "", got["mass"], head

    def document_attached(self, event: dict[str, Any], head: str) -> None:
        if event["subject"].removeprefix("lot:") not in self.lots:
            raise ValueError("no such lot")
