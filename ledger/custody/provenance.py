"""Provenance: the trail of one lot or product, rebuilt from the events that made it.

The events upstream of the subject are folded through the same books as everywhere; the
tables have only helped to find them. What the trail says of itself it has recomputed:
each lot's history is a chain of heads (`after`), so an event that was left out shows.

    pits ──Gain──> bags ──Flow──> blend ──Flow──> concentrate ──Flow──> powder ──> product
                    │ Depart/Arrive: who held it, both weights
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import msgspec

from ..effects import (
    Admit,
    Adopt,
    Arrive,
    Claim,
    Depart,
    Effect,
    Flow,
    Gain,
    Govern,
    Loss,
    Measure,
    Open,
    Return,
)
from ..errors import UnknownError
from ..findings import Finding
from ..values import BILLION, Origin
from ..words import mass as in_words
from .amount import Amount, Vector, take_vector
from .books import MODELS, Books
from .registration import Prepared

__all__ = ["ElementTrail", "Gap", "LotLine", "OriginLine", "Trail", "Transfer", "trail"]


class OriginLine(msgspec.Struct, frozen=True, omit_defaults=True, rename={"kind": "class"}):
    """So much came from there. Shares of an element add up to exactly 1,000,000,000 ppb."""

    origin: str
    kind: str
    mass_mg: int
    share_ppb: int
    site: str = ""
    country: str = ""


class ElementTrail(msgspec.Struct, frozen=True):
    """An element of the subject: how much, followed how, from where, and how well covered.

    `basis` is ``mass`` where somewhere on the way only net masses were known. `coverage`
    gives ppb with a known site, with only a country, and unknown.
    """

    mass_mg: int
    basis: str
    origins: tuple[OriginLine, ...]
    coverage: dict[str, int]


class LotLine(msgspec.Struct, frozen=True, omit_defaults=True):
    """A lot of the trail, as it was when it was filled. Entries are indexes in the log."""

    lot: str
    material: str
    opened_by: str
    opened_at: str
    entry: int
    event: str
    mass_mg: int
    basis: str
    model: str
    state: str
    holder: str
    pieces: int | None = None
    contents: dict[str, int] | None = None
    inputs: tuple[tuple[str, int], ...] = ()
    losses: tuple[tuple[str, int], ...] = ()
    site: str = ""


class Transfer(
    msgspec.Struct, frozen=True, omit_defaults=True, rename={"giver": "from", "taker": "to"}
):
    """A hand-over: who to whom, both event ids and both weights; `received` absent: not yet."""

    lot: str
    dispatched: str
    giver: str
    taker: str
    sent_mg: int
    sent_at: str
    received: str | None = None
    received_mg: int | None = None
    received_at: str | None = None
    returned: str | None = None


class Gap(msgspec.Struct, frozen=True):
    """Something the trail cannot show: its name, its place, the event that would close it."""

    code: str
    subject: str
    message: str
    closed_by: str


class Trail(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that the log says about where one lot or product came from."""

    subject: str
    ledger: str
    elements: dict[str, ElementTrail]
    lots: tuple[LotLine, ...]
    transfers: tuple[Transfer, ...]
    certificates: tuple[dict[str, object], ...]
    gaps: tuple[Gap, ...]
    model: str
    findings: tuple[Finding, ...]
    entries: tuple[int, ...]


def trail(
    subject: str,
    upstream: Iterable[str],
    events: Sequence[tuple[int, Prepared]],
) -> Trail:
    """The trail of lot `subject`, from the events about the `upstream` lots, in log order.

    The events about the ledger itself and about the sites and parties named belong among
    them. Raises `UnknownError` when no event opens the subject.
    """
    walk = _Walk(subject, frozenset(upstream) | {subject})
    for index, one in events:
        walk.step(index, one)
    return walk.result()


class _Walk:
    """Folds the upstream events through books that know only the upstream lots."""

    def __init__(self, subject: str, lots: frozenset[str]) -> None:
        self.subject = subject
        self.lots = lots
        self.books = Books()
        self.lines: dict[str, LotLine] = {}
        self.filled: dict[str, Amount] = {}
        self.transfers: dict[tuple[str, str], Transfer] = {}
        self.certificates: list[dict[str, object]] = []
        self.gaps: list[Gap] = []
        self.findings: list[Finding] = []
        self.entries: list[int] = []

    def step(self, index: int, one: Prepared) -> None:
        """Take in one event."""
        self.entries.append(index)
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
        self.books.finish(one.event_id, one.changed & (self.lots | opened.keys()))
        for lot_id, opening in opened.items():
            self._line(index, one, lot_id, opening, losses)
        self.books.moved.clear()

    def _effect(
        self, index: int, one: Prepared, effect: Effect, losses: list[tuple[str, int]]
    ) -> None:
        if isinstance(effect, Flow):
            if effect.target in self.lots and effect.source not in self.books.lots:
                self._missing(index, effect.source)
                return
            if effect.source not in self.books.lots:
                return
        elif isinstance(effect, Open | Gain | Loss | Measure | Depart | Arrive | Return):
            if effect.lot not in self.lots:
                return
            if not isinstance(effect, Open) and effect.lot not in self.books.lots:
                self._missing(index, effect.lot)
                return
        elif not isinstance(effect, Govern | Adopt | Admit | Claim):
            if getattr(effect, "lot", None) not in self.books.lots:
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
        self._note_claims(one, effect)

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

    def _note_claims(self, one: Prepared, effect: Effect) -> None:
        if isinstance(effect, Claim) and effect.kind == "certificate" and not effect.first:
            self.certificates.append({"subject": effect.subject, **effect.facts})
        if isinstance(effect, Gain) and effect.origin.kind in ("unknown", "legacy"):
            if effect.contents == () and effect.origin.kind == "unknown":
                return  # reagents: outside the tracked substances, seen in the net mass only
            where = f" from {effect.origin.country}" if effect.origin.country else ""
            self._gap(
                f"gap.{effect.origin.kind}-origin",
                f"lot:{effect.lot}",
                f"{in_words(effect.mass)} of lot {effect.lot} were declared{where}; where they "
                "were dug is not recorded",
                "lot.extracted",
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
        return Trail(
            subject=self.subject,
            ledger=self.books.ledger,
            elements=self._elements(amount),
            lots=tuple(sorted(self.lines.values(), key=lambda line: (line.entry, line.lot))),
            transfers=tuple(self.transfers.values()),
            certificates=tuple(self.certificates),
            gaps=tuple(self.gaps),
            model=MODELS[lot.model],
            findings=tuple(self.findings),
            entries=tuple(self.entries),
        )

    def _elements(self, amount: Amount) -> dict[str, ElementTrail]:
        if not amount.contents:
            return {"mass": self._element(amount.mass, "mass", amount.origins)}
        return {
            e.element: self._element(e.mass, e.basis, e.origins) for e in amount.contents if e.mass
        }

    def _element(self, mass: int, basis: str, vector: Vector) -> ElementTrail:
        shares = dict(take_vector(vector, mass, BILLION)) if mass else {}
        lines = []
        coverage = {"site_ppb": 0, "country_ppb": 0, "unknown_ppb": 0}
        for key, part in vector:
            origin = Origin.of_key(key)
            country = origin.country or self._country(origin.site)
            share = shares.get(key, 0)
            lines.append(
                OriginLine(
                    origin.site or origin.country or origin.kind,
                    origin.kind,
                    part,
                    share,
                    origin.site or "",
                    country,
                )
            )
            known = "site_ppb" if origin.site else "country_ppb" if country else "unknown_ppb"
            coverage[known] += share
        lines.sort(key=lambda line: (-line.mass_mg, line.origin))
        return ElementTrail(mass, basis, tuple(lines), coverage)

    def _country(self, site: str | None) -> str:
        known = self.books.register.get(f"site:{site}")
        return str(known.facts.get("country", "")) if known else ""
