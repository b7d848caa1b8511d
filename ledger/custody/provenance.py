"""Provenance: the trail of one lot or product, rebuilt from the events that made it.

The events upstream of the subject are folded through the same books as everywhere; the
tables have only helped to find them. What the trail says of itself it has recomputed:
each lot's history is a chain of heads (`after`), so an event that was left out shows.

    pits ──Gain──> bags ──Flow──> blend ──Flow──> concentrate ──Flow──> powder ──> product
                    │ Depart/Arrive: who held it, both weights
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from functools import partial
from typing import TypeAlias

import msgspec

from ..effects import (
    Account,
    Admit,
    Adopt,
    Arrive,
    Claim,
    Credit,
    Debit,
    Depart,
    Effect,
    Flow,
    Gain,
    Govern,
    Loss,
    Open,
    Return,
    Revoke,
)
from ..errors import UnknownError
from ..findings import Finding
from ..values import BILLION
from ..words import mass as in_words
from . import origins
from .amount import Amount
from .attestations import attestations, incidents
from .books import MODELS, Books, Lot
from .registration import Prepared
from .trail import ElementTrail, Gap, LotLine, Said, Trail, Transfer

__all__ = ["Observe", "Trail", "trail"]

Observe: TypeAlias = Callable[
    [int, Prepared, dict[str, Lot], Books, Sequence[tuple[str, str, int]]], None
]
"""Called after each event: its index, the event, the lots it changed as they were, the books
of the upstream lots after it, and (source, target, milligrams) of its flows.
"""


def trail(
    subject: str,
    upstream: Iterable[str],
    events: Iterable[tuple[int, Prepared]],
    observe: Observe | None = None,
) -> Trail:
    """The trail of lot `subject`, from the events about the `upstream` lots, in log order.

    The events about the ledger itself and about the sites and parties named belong among
    them. Raises `UnknownError` when no event opens the subject.
    """
    walk = _Walk(subject, frozenset(upstream) | {subject}, observe)
    for index, one in events:
        walk.step(index, one)
    return walk.result()


class _Walk:
    """Folds the upstream events through books that know only the upstream lots."""

    def __init__(self, subject: str, lots: frozenset[str], observe: Observe | None = None) -> None:
        self.subject = subject
        self.lots = lots
        self.observe = observe
        self.books = Books()
        self.lines: dict[str, LotLine] = {}
        self.filled: dict[str, Amount] = {}
        self.transfers: dict[tuple[str, str], Transfer] = {}
        self.said: list[Said] = []
        self.begun: list[tuple[str, int, bool]] = []
        self.doubted: dict[str, list[tuple[int, int]]] = {}
        self.spoke: list[tuple[int, str, str]] = []
        self.gaps: list[Gap] = []
        self.findings: list[Finding] = []
        self.entries: list[int] = []

    def step(self, index: int, one: Prepared) -> None:
        """Take in one event."""
        self.entries.append(index)
        self.spoke.append((index, one.event_id, one.event.by))
        before = {lot: self.books.lots[lot] for lot in one.changed if lot in self.books.lots}
        for lot_id in sorted(one.changed & self.lots):
            lot = self.books.lots.get(lot_id)
            if lot is not None and lot.head not in one.event.after:
                self.findings.append(
                    Finding(
                        code="trail.broken",
                        severity="critical",
                        message=f"lot {lot_id} stood at event {lot.head[:12]}, the next that is "
                        f"here builds on {', '.join(a[:12] for a in one.event.after)}",
                        entries=(index,),
                        subject=f"lot:{lot_id}",
                    )
                )
        opened: dict[str, Open] = {}
        losses: list[tuple[str, int]] = []
        for effect in one.effects:
            if isinstance(effect, Open) and effect.lot in self.lots:
                opened[effect.lot] = effect
            self._effect(index, one, effect, losses)
        self.books.finish(one.event_id, one.changed & self.lots, before)
        for lot_id, opening in opened.items():
            self._line(index, one, lot_id, opening, losses)
        if self.observe is not None:
            self.observe(index, one, before, self.books, tuple(self.books.moved))
        self.books.moved.clear()

    def _concerns(self, index: int, effect: Effect) -> bool:
        """Whether an effect is to be booked here: it is about the upstream lots, or names."""
        lots = self.books.lots
        if isinstance(effect, Govern | Adopt | Admit | Account | Claim):
            return True
        if isinstance(effect, Open):
            return effect.lot in self.lots
        if isinstance(effect, Revoke):
            if effect.disputed_from is not None:
                self.doubted.setdefault(effect.party, []).append((effect.disputed_from, index))
            return False
        if isinstance(effect, Credit | Debit):
            account = self.books.register.get(f"account:{effect.account}")
            if effect.lot in lots and account is not None:
                self.books.degrade(effect.lot, account.facts["model"])
            return False
        if isinstance(effect, Flow):
            needed = effect.target in self.lots
            lot = effect.source
        else:
            lot = getattr(effect, "lot", "")
            needed = lot in self.lots
        if needed and lot not in lots:
            self._missing(index, lot)
        return lot in lots

    def _effect(
        self, index: int, one: Prepared, effect: Effect, losses: list[tuple[str, int]]
    ) -> None:
        if not self._concerns(index, effect):
            return
        before = self.books.lots.get(getattr(effect, "lot", ""))
        if isinstance(effect, Loss) and before is not None:
            taken, _ = before.amount.taken(effect.mass, effect.pieces)
            losses.append((effect.reason, taken))
        differences = self.books.apply(one.event_id, one.event.by, effect)
        for difference in differences:
            lot_id = getattr(effect, "lot", "")
            self.findings.append(
                Finding(
                    code=difference.code,
                    severity="minor" if difference.code == "assay.lower" else "major",
                    message=f"lot {lot_id}: {difference.what} booked "
                    f"{in_words(difference.booked)}, measured {in_words(difference.found)}",
                    entries=(index,),
                    subject=f"lot:{lot_id}",
                )
            )
            if difference.code in ("mass.excess", "assay.higher"):
                self._gap(
                    "gap.excess-unknown",
                    f"lot:{lot_id}",
                    f"{in_words(difference.found - difference.booked)} more than booked came "
                    f"into lot {lot_id}",
                    "lot.declared",
                )
        self._note_custody(one, effect, before.sent if before else 0)
        self._note_claims(index, one, effect)

    def _missing(self, index: int, lot_id: str) -> None:
        self.findings.append(
            Finding(
                code="trail.incomplete",
                severity="critical",
                message=f"lot {lot_id} is upstream of {self.subject}, "
                "but the events that made it are not here",
                entries=(index,),
                subject=f"lot:{lot_id}",
                hint="make the tables anew from the log: oretrail db rebuild",
            )
        )

    def _note_custody(self, one: Prepared, effect: Effect, sent: int) -> None:
        at = one.event.occurred_at
        if isinstance(effect, Depart):
            lot = self.books.lots[effect.lot]
            self.transfers[(effect.lot, one.event_id)] = Transfer(
                effect.lot, one.event_id, effect.giver, effect.taker, lot.sent, at
            )
        elif isinstance(effect, Arrive | Return):
            key = (effect.lot, effect.dispatch)
            known = self.transfers.get(key)
            if known is None:
                return
            if isinstance(effect, Arrive):
                self.transfers[key] = msgspec.structs.replace(
                    known,
                    received=one.event_id,
                    received_mg=effect.measure.mass,
                    received_at=at,
                )
            else:
                self.transfers[key] = msgspec.structs.replace(known, returned=one.event_id)

    def _note_claims(self, index: int, one: Prepared, effect: Effect) -> None:
        if isinstance(effect, Claim):
            self.said.append(
                Said(
                    effect.subject,
                    effect.kind,
                    effect.status,
                    one.event.by,
                    one.event.occurred_at,
                    index,
                    dict(effect.facts),
                )
            )
        if not isinstance(effect, Gain):
            return
        if effect.contents == () and effect.origin.kind == "unknown":
            return  # reagents: outside the tracked substances, seen in the net mass only
        self.begun.append((effect.lot, effect.mass, effect.contents is not None))
        where = f" from {effect.origin.country}" if effect.origin.country else ""
        if effect.origin.kind in ("unknown", "legacy"):
            self._gap(
                f"gap.{effect.origin.kind}-origin",
                f"lot:{effect.lot}",
                f"{in_words(effect.mass)} of lot {effect.lot} were declared{where}; where they "
                "were dug is not recorded",
                "lot.extracted",
            )
        elif effect.origin.kind == "foreign":
            self._gap(
                "gap.foreign-origin",
                f"lot:{effect.lot}",
                f"{in_words(effect.mass)} of lot {effect.lot} began in another ledger, and is not "
                "followed there",
                "oretrail import bundle",
            )
        elif effect.origin.site is None:
            self._gap(
                "gap.no-site",
                f"lot:{effect.lot}",
                f"{in_words(effect.mass)} of lot {effect.lot} ({effect.origin.kind}) began"
                f"{where} at no registered site",
                "site.registered",
            )

    def _gap(self, code: str, subject: str, message: str, closed_by: str) -> None:
        self.gaps.append(Gap(code, subject, message, closed_by))

    def _line(
        self,
        index: int,
        one: Prepared,
        lot_id: str,
        opening: Open,
        losses: list[tuple[str, int]],
    ) -> None:
        lot = self.books.lots[lot_id]
        self.filled[lot_id] = lot.amount
        gain = next((e for e in one.effects if isinstance(e, Gain) and e.lot == lot_id), None)
        contents = lot.amount.contents
        self.lines[lot_id] = LotLine(
            lot_id,
            opening.material,
            one.event.by,
            one.event.occurred_at,
            index,
            one.event_id,
            lot.amount.mass,
            lot.basis,
            MODELS[lot.model],
            lot.state,
            lot.holder,
            lot.amount.pieces,
            None if contents is None else {e.element: e.mass for e in contents},
            tuple((s, m) for s, t, m in self.books.moved if t == lot_id),
            tuple(losses) if not gain else (),
            (gain.origin.site or "") if gain else "",
        )

    def result(self) -> Trail:
        """The trail, once every event has been taken in."""
        lot = self.books.lots.get(self.subject)
        if lot is None:
            raise UnknownError(
                f"no lot or product {self.subject} here",
                code="lot.unknown",
                hint="oretrail lots lists them",
            )
        amount = lot.amount if lot.amount.mass else self.filled[self.subject]
        for name, line in sorted(self.lines.items()):
            now = self.books.lots[name]
            self.lines[name] = msgspec.structs.replace(line, state=now.state, holder=now.holder)
            if now.state == "in-transit":
                self._gap(
                    "gap.not-received",
                    f"lot:{name}",
                    f"lot {name} left {now.holder} for {now.taker}, who has not signed for it",
                    "custody.received",
                )
        if amount.contents is None:
            self._gap(
                "gap.not-assayed",
                f"lot:{self.subject}",
                f"what lot {self.subject} contains is not known, so net mass stands in",
                "lot.assayed",
            )
        lines = tuple(sorted(self.lines.values(), key=lambda line: (line.entry, line.lot)))
        transfers = tuple(self.transfers.values())
        attested = tuple(attestations(self.said, lines, transfers))
        self._unattested(lines, {lot for one in attested for lot in one.covers})
        about = self._subjects(lines, transfers)
        open_ones = incidents(self.said, about)
        self._disputes()
        for one in open_ones:
            if one.status != "closed":
                self.findings.append(
                    Finding(
                        code="incident.open",
                        severity="info",
                        message=f"{one.kind} {one.incident} ({one.category}, {one.severity}) "
                        f"about {', '.join(one.subjects)} is {one.status}",
                        entries=one.entries,
                        subject=f"incident:{one.incident}",
                    )
                )
        covered = {lot for one in attested for lot in one.covers}
        elements = self._elements(amount, lines, transfers, covered)
        known = {subject for subject in about if subject.startswith(("party:", "site:"))}
        return Trail(
            subject=self.subject,
            ledger=self.books.ledger,
            elements=elements,
            lots=lines,
            transfers=transfers,
            attestations=attested,
            incidents=tuple(open_ones),
            said=tuple(self.said),
            gaps=tuple(self.gaps),
            model=MODELS[lot.model],
            findings=tuple(self.findings),
            parties={
                name: {"roles": list(party.roles), **party.facts}
                for name, party in sorted(self.books.parties.items())
                if f"party:{name}" in known
            },
            sites={
                subject[5:]: dict(found.facts)
                for subject, found in sorted(self.books.register.items())
                if subject in known
            },
            entries=tuple(self.entries),
        )

    def _subjects(self, lines: Sequence[LotLine], transfers: Sequence[Transfer]) -> frozenset[str]:
        """What upstream consists of: lots, the sites they began at, the parties that held them."""
        subjects = {f"lot:{line.lot}" for line in lines}
        subjects |= {f"site:{line.site}" for line in lines if line.site}
        subjects |= {f"party:{line.opened_by}" for line in lines}
        for transfer in transfers:
            subjects |= {f"party:{transfer.giver}", f"party:{transfer.taker}"}
        for one in self.said:
            place = one.facts.get("facility")
            if one.kind in ("process", "product") and place:
                subjects.add(f"site:{place}")
        return frozenset(subjects)

    def _unattested(self, lines: Sequence[LotLine], covered: set[str]) -> None:
        missing = sorted({line.site for line in lines if line.site and line.lot not in covered})
        for site in missing:
            self._gap(
                "gap.not-attested",
                f"site:{site}",
                f"no certificate or green assessment covers all that was dug at {site}",
                "site.assessed",
            )

    def _disputes(self) -> None:
        """Events of the trail that somebody disputes, or that a doubtful key signed."""
        stood_by = {
            one.subject[6:]
            for one in self.said
            if one.kind == "dispute" and one.status == "reaffirmed"
        }
        disputed = {
            one.subject[6:]: one.by
            for one in self.said
            if one.kind == "dispute" and one.status == "disputed"
        }
        for index, event_id, by in self.spoke:
            doubted = any(a <= index < b for a, b in self.doubted.get(by, ()))
            if event_id in disputed:
                why = f"{disputed[event_id]} disputes it"
            elif doubted and event_id not in stood_by:
                why = f"a key of {by} was revoked and is in doubt from before this entry"
            else:
                continue
            self.findings.append(
                Finding(
                    code="event.disputed",
                    severity="major",
                    message=f"event {event_id[:12]} counts here, but {why}",
                    entries=(index,),
                    subject=f"event:{event_id}",
                )
            )

    def _elements(
        self,
        amount: Amount,
        lines: Sequence[LotLine],
        transfers: Sequence[Transfer],
        covered: set[str],
    ) -> dict[str, ElementTrail]:
        sent = sum(t.sent_mg for t in transfers if t.returned is None)
        signed = sum(t.sent_mg for t in transfers if t.received is not None)
        both = BILLION if not sent else signed * BILLION // sent
        began = {lot: (mass, known) for lot, mass, known in self.begun}
        whole = sum(mass for mass, _ in began.values())
        assayed = sum(mass for mass, known in began.values() if known)
        attested = sum(mass for lot, (mass, _) in began.items() if lot in covered)
        shared = {
            "assayed_ppb": assayed * BILLION // whole if whole else 0,
            "attested_ppb": attested * BILLION // whole if whole else 0,
            "signed_both_ppb": both,
        }
        return origins.elements(amount, partial(origins.country_of, self.books.register), shared)
