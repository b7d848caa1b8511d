"""A ledger written by hand: entries one after the other, right or wrong, without a writer's rules.

Times are fixed and so are the keys, so the same story gives the same bytes every time.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from cast import KEYS, ORIGIN, vkey

from ledger.audit.auditor import Auditor, Source, Trust
from ledger.custody.books import MODELS, Books, Lot
from ledger.custody.registration import prepare
from ledger.custody.statement import Header, Statement, registration_entry
from ledger.effects import Open
from ledger.events import event_id
from ledger.log import canonical, chain, merkle, note

AT = "2026-02-11T08:00:00Z"
PARTIES = ("gihanga.example", "comptoir.example", "smelter.example", "lab.example")
ROLES = {"gihanga.example": "miner", "comptoir.example": "trader", "smelter.example": "refiner"}


class Story:
    """Entries so far, and the heads that the next events build on."""

    def __init__(
        self,
        governance: Sequence[str] = ("governance/1",),
        threshold: int = 1,
        signers: Sequence[str] | None = None,
        **fields: Any,
    ) -> None:
        self.entries: list[bytes] = []
        self.heads: dict[str, str] = {}
        self.minutes = 0
        created = {
            "type": "ledger.created",
            "by": "governance",
            "occurred_at": AT,
            "origin": ORIGIN,
            "name": "Kivu trail",
            "governance": sorted(vkey(name) for name in governance),
            "threshold": threshold,
            "log_key": vkey(ORIGIN),
            "demo": True,
            **fields,
        }
        data = canonical.encode({k: v for k, v in created.items() if v is not None})
        self.id = event_id(data)
        self.governance = tuple(governance if signers is None else signers)
        self.enter([data], *self.governance)

    def event(self, kind: str, by: str, /, **fields: Any) -> bytes:
        """An event's bytes; `after` is filled in unless it is given."""
        value = {"type": kind, "by": by, "occurred_at": AT, **fields}
        value = {name: each for name, each in value.items() if each is not None}
        one = prepare(canonical.encode(value))
        heads = sorted({self.heads[lot] for lot in one.changed if lot in self.heads})
        if heads and "after" not in fields:
            value["after"] = heads
        data = canonical.encode(value)
        one = prepare(data)
        opened = {effect.lot for effect in one.effects if isinstance(effect, Open)}
        self.heads.update((lot, one.event_id) for lot in {*one.changed, *opened})
        return data

    def enter(
        self,
        events: Sequence[bytes],
        *signers: str,
        seen: tuple[int, str] | None = None,
        ledger: str | None = None,
        at: str | None = None,
    ) -> list[str]:
        """Put a signed statement of these events into the log; returns their ids."""
        draft = Statement.draft(ledger or self.id, events, seen)
        signed = note.sign(draft.header.text(), *(KEYS[name] for name in signers))
        return self.append(signed, events, at)

    def append(self, signed: bytes, events: Sequence[bytes], at: str | None = None) -> list[str]:
        """Put any note and any entries after it into the log."""
        clock = f"2026-02-11T{8 + self.minutes // 60:02}:{self.minutes % 60:02}:00Z"
        self.minutes += 1
        self.entries += [registration_entry(signed, at or clock), *events]
        return [event_id(data) for data in events]

    def say(self, kind: str, by: str, /, *signers: str, **fields: Any) -> str:
        """One event in one statement, signed by `by` unless others are named."""
        names = signers or (self.governance if by == "governance" else (by,))
        return self.enter([self.event(kind, by, **fields)], *names)[0]

    def begin(self, *parties: str, site: bool = True) -> Story:
        """Admit these parties (all of `PARTIES` if none is named) and register a site."""
        admitted = parties or PARTIES
        events = [
            self.event(
                "party.admitted",
                "governance",
                party=name,
                name=name,
                roles=[ROLES.get(name, "laboratory")],
                key=vkey(name),
            )
            for name in admitted
        ]
        if site:
            events += [self.site("RW-GIHANGA", "RW"), self.site("CD-MASISI", "CD")]
        self.enter(events, *self.governance, *admitted)
        return self

    def site(self, name: str, country: str) -> bytes:
        """The registration of a site."""
        return self.event(
            "site.registered", "governance", site=name, name=name, kind="mine-asm", country=country
        )

    def dig(self, lot: str, mass: int, **fields: Any) -> str:
        """Ore of Gihanga enters the books, dry unless said otherwise."""
        fields = {"site": "RW-GIHANGA", "basis": "dry", "method": "asm", **fields}
        return self.say(
            "lot.extracted", "gihanga.example", lot=lot, material="coltan ore", mass=mass, **fields
        )

    def send(self, lot: str, giver: str, taker: str, **fields: Any) -> str:
        """A dispatch of one lot."""
        return self.say("custody.dispatched", giver, to=taker, lots=[{"lot": lot, **fields}])

    def get(self, lot: str, dispatch: str, giver: str, taker: str, mass: int, **fields: Any) -> str:
        """The reception of one lot."""
        got = {"lot": lot, "mass": mass, "basis": "dry", **fields}
        return self.say("custody.received", taker, dispatch=dispatch, giver=giver, lots=[got])

    def root(self, size: int) -> str:
        """The root over the first entries, in hex."""
        return merkle.root([merkle.leaf_hash(data) for data in self.entries[:size]]).hex()

    def header(self, events: Sequence[bytes]) -> Header:
        """What a right note over these events says."""
        return Statement.draft(self.id, events).header

    def lines(self) -> list[dict[str, Any]]:
        """The entries as `oretrail export entries` gives them."""
        link = chain.START
        found = []
        for index, data in enumerate(self.entries):
            leaf = merkle.leaf_hash(data)
            link = chain.link(link, leaf)
            found.append(
                {
                    "index": index,
                    "leaf": leaf.hex(),
                    "chain": link.hex(),
                    "entry": data.decode(),
                }
            )
        return found


def judged(lines: Sequence[dict[str, Any]], trust: dict[str, Any]) -> dict[str, Any]:
    """What an auditor says of these lines; the form in which vectors expect it."""
    books = Books()
    auditor = Auditor(
        Trust(trust.get("ledger", ""), tuple(c.encode() for c in trust.get("checkpoints", ()))),
        books,
    )
    auditor.feed(
        Source(
            line["index"],
            line["entry"].encode(),
            bytes.fromhex(line["leaf"]),
            bytes.fromhex(line["chain"]),
        )
        for line in lines
    )
    report = auditor.finish()
    return {
        "verdict": report.verdict,
        "ledger": report.ledger,
        "size": report.size,
        "root": report.root,
        "chain": report.chain,
        "findings": [
            {"code": f.code, "severity": f.severity, "entries": list(f.entries)}
            for f in report.findings
        ],
        "lots": {name: written(books.lots[name]) for name in sorted(books.lots)},
    }


def written(lot: Lot) -> dict[str, Any]:
    """A lot as JSON; what is unknown or empty is left out."""
    amount = lot.amount
    value = {
        "material": lot.material,
        "holder": lot.holder,
        "state": lot.state,
        "taker": lot.taker or None,
        "dispatch": lot.dispatch or None,
        "basis": lot.basis,
        "mass": amount.mass,
        "dry": amount.dry,
        "pieces": amount.pieces,
        "anchor": amount.anchor,
        "origins": dict(amount.origins),
        "contents": None
        if amount.contents is None
        else [
            {
                "element": each.element,
                "mass": each.mass,
                "anchor": each.anchor,
                "basis": each.basis,
                "origins": dict(each.origins),
            }
            for each in amount.contents
        ],
        "model": MODELS[lot.model],
        "head": lot.head,
        "opened": lot.opened,
    }
    return {name: each for name, each in value.items() if each is not None}
