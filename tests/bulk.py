"""One mine with a pit, and as many bags as are wanted: the load of the benchmarks."""

from __future__ import annotations

from pathlib import Path

from ledger.custody.demo_keys import demo_seed
from ledger.events import encode
from ledger.events.lot_extracted import LotExtracted
from ledger.events.party_admitted import PartyAdmitted
from ledger.events.site_registered import SiteRegistered
from ledger.ledger import Ledger
from ledger.log.note import Signer
from ledger.values import Grade

WHEN = "2026-02-11T08:00:00Z"
GOVERNANCE = Signer("governance/1", demo_seed(0))
LOG = Signer("bench.example/trail", demo_seed(1))
MINE = Signer("mine.example", demo_seed(2))


def mine(path: Path) -> Ledger:
    """A new ledger with one mine and its pit."""
    ledger = Ledger.create(
        path,
        origin="bench.example/trail",
        name="benchmark",
        governance=[GOVERNANCE],
        threshold=1,
        log_key=LOG.verifier.vkey,
        demo=True,
    )
    ledger.record(
        [
            PartyAdmitted(
                by="governance",
                occurred_at=WHEN,
                party=MINE.name,
                name="Mine",
                roles=("miner",),
                key=MINE.verifier.vkey,
            ),
            SiteRegistered(
                by="governance",
                occurred_at=WHEN,
                site="RW-1",
                name="Pit",
                kind="mine-asm",
                country="RW",
            ),
        ],
        GOVERNANCE,
        MINE,
    )
    return ledger


def bag(number: int) -> bytes:
    """The extraction of one bag, as bytes to be signed."""
    return encode(
        LotExtracted(
            by=MINE.name,
            occurred_at=WHEN,
            lot=f"BAG-{number:08}",
            material="coltan ore",
            mass=40_000_000 + number % 7_000_000,
            basis="wet",
            moisture=40_000_000,
            site="RW-1",
            method="asm",
            grades=(Grade("Ta2O5", 240_000_000),),
            tags=(f"MT-{number:08}",),
        )
    )
