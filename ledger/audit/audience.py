"""Audiences: what of a dossier an authority, a customer or the public may see.

                              authority   customer          public
    parties in trade only     named       numbered          numbered
    miners, manufacturers     named       named             numbered
    refiners, issuers         named       named             named
    payments: sums, receipts  yes         no                no
    places to the metre, tags,
    waybills, remarks, people yes         no                no
    lots, hand-overs, weights yes         yes               no
    entries and signatures    yes         no                no
    shares, gaps, incidents   yes         yes               yes

After Regulation (EU) 2017/821, Art. 7: (1) authorities get what they ask for, (2) immediate
customers all information "with due regard for business confidentiality", (3) the public a
report. A numbered party is the same number throughout one export (``trader-2``), in every
field and in the text of every message; who it is cannot be computed from the number.

The maker of a subject, its holder, whoever handed it to them, and the party that the
export is for are always named. What was withheld is counted by kind and stated.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, TypeVar

import msgspec

from ..custody.trail import Attestation, Gap, Trail
from .dossier import Audience, Dossier
from .report import Report
from .steps import Step

__all__ = ["for_audience"]

_NAMED: dict[str, frozenset[str]] = {
    "customer": frozenset(
        (
            "auditor",
            "authority",
            "civil-society",
            "issuer",
            "laboratory",
            "manufacturer",
            "miner",
            "processor",
            "recycler",
            "refiner",
            "regulator",
            "scheme",
            "smelter",
            "state-agent",
        )
    ),
    "public": frozenset(
        (
            "auditor",
            "authority",
            "civil-society",
            "issuer",
            "recycler",
            "refiner",
            "regulator",
            "scheme",
            "smelter",
            "state-agent",
        )
    ),
}
"""Roles that are named: where metal changes its form, and whoever vouches for something."""

_CONFIDENTIAL = frozenset(
    (
        "address",
        "agent",
        "amount",
        "applied",
        "capacity",
        "carrier",
        "complainant",
        "contact",
        "currency",
        "email",
        "evidence",
        "icglr",
        "lat",
        "licence",
        "lon",
        "payer",
        "person",
        "phone",
        "price",
        "receipt",
        "remark",
        "removed",
        "route",
        "seals",
        "serials",
        "tin",
        "waybill",
    )
)
"""Facts that only an authority sees."""

_TOKEN = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*", re.ASCII)
_T = TypeVar("_T")


def for_audience(dossier: Dossier, audience: Audience) -> Dossier:
    """The same dossier with what this audience may not see taken out, and counted."""
    if audience == "authority":
        return dossier
    view = _View(dossier, audience)
    trails = tuple(view.trail(one) for one in dossier.trails)
    view.withheld["parties"] += len(view.parties_numbered)
    if dossier.sources is not None:
        view.withheld["entries"] += dossier.size

    def steps() -> Iterable[Step]:
        return () if audience == "public" else map(view.step, dossier.steps())

    def days() -> Iterable[Step]:
        return () if audience == "public" else map(view.step, dossier.days())

    def audit(keep: Callable[[Step], None]) -> Report:
        hidden = audience == "public"
        report = dossier.audit(lambda one: None if hidden else keep(view.step(one)))
        return view.report(report)

    return msgspec.structs.replace(
        dossier,
        audience=audience,
        party=view.masked(dossier.party),
        trails=trails,
        parties=view.parties(dossier.parties),
        sites=view.sites(dossier.sites),
        steps=steps,
        days=days,
        sources=None,
        bundle=None,
        audit=audit,
        withheld={kind: count for kind, count in sorted(view.withheld.items()) if count},
    )


class _View:
    """One audience's view: the numbers it sees instead of names, and what it does not see."""

    def __init__(self, dossier: Dossier, audience: Audience) -> None:
        self.audience = audience
        self.withheld: Counter[str] = Counter()
        self.parties_numbered = _numbers(dossier, _NAMED[audience])
        self.numbers = dict(self.parties_numbered)
        if audience == "public":
            counts: Counter[str] = Counter()
            for line in (line for trail in dossier.trails for line in trail.lots):
                if line.lot not in dossier.subjects and line.lot not in self.numbers:
                    self.numbers[line.lot] = _numbered(counts, "lot")

    def masked(self, text: str) -> str:
        """A text in which every party that is not named has its number."""
        return _TOKEN.sub(self._number, text)

    def _number(self, found: re.Match[str]) -> str:
        word = found.group()
        if word in self.numbers:
            return self.numbers[word]
        # A full stop may end a sentence as well as belong to a name.
        bare = word.rstrip(".")
        return self.numbers[bare] + word[len(bare) :] if bare in self.numbers else word

    def plain(self, value: Any) -> Any:
        """JSON types with names masked and confidential facts left out."""
        if isinstance(value, str):
            return self.masked(value)
        if isinstance(value, dict):
            return {self.masked(k): self.plain(v) for k, v in value.items()}
        if isinstance(value, list | tuple):
            return [self.plain(one) for one in value]
        return value

    def struct(self, value: _T) -> _T:
        """A struct with names masked; its members stay."""
        return msgspec.convert(self.plain(msgspec.to_builtins(value)), type=type(value))

    def report(self, report: Report) -> Report:
        """A report; the public sees the verdict and how many findings there were."""
        if self.audience == "customer":
            return self.struct(report)
        hidden = len(report.findings) + report.more
        return msgspec.structs.replace(report, findings=(), more=hidden)

    def facts(self, facts: Mapping[str, Any], counted: bool = True) -> dict[str, Any]:
        """Facts without the confidential ones."""
        kept = {}
        for name, value in facts.items():
            if name not in _CONFIDENTIAL:
                kept[name] = self.plain(msgspec.to_builtins(value))
            elif counted:
                self.withheld[name] += 1
        return kept

    def trail(self, trail: Trail) -> Trail:
        """The trail as this audience sees it."""
        shown = msgspec.structs.replace(
            trail,
            parties={},
            sites={},
            said=(),
            incidents=(),
            lots=self._lots(trail),
            transfers=self._transfers(trail),
            gaps=self._gaps(trail.gaps),
            findings=trail.findings if self.audience == "customer" else (),
            entries=trail.entries if self.audience == "customer" else (),
        )
        self.withheld["findings"] += len(trail.findings) - len(shown.findings)
        shown = self.struct(shown)
        return msgspec.structs.replace(
            shown,
            parties=self.parties(trail.parties),
            sites=self.sites(trail.sites),
            incidents=tuple(
                self.struct(msgspec.structs.replace(one, complainant="", entries=()))
                for one in trail.incidents
            ),
            attestations=tuple(map(self._paper, shown.attestations)),
            said=tuple(
                msgspec.structs.replace(one, facts={}, by=self.masked(one.by),
                                        subject=self.masked(one.subject)) if hidden else
                msgspec.structs.replace(one, facts=self.facts(one.facts), by=self.masked(one.by),
                                        subject=self.masked(one.subject))
                for one, hidden in self._said(trail)
            ),
        )  # fmt: skip

    def _paper(self, paper: Attestation) -> Attestation:
        """A certificate; the public does not see which lots it was for."""
        if self.audience == "customer":
            return paper
        about = "lot" if paper.subject.startswith("lot:") else paper.subject
        return msgspec.structs.replace(paper, subject=about, covers=(), misses=())

    def parties(self, parties: Mapping[str, Mapping[str, Any]]) -> dict[str, dict[str, Any]]:
        """Parties and what is registered of them."""
        return {self.masked(name): self._party(name, facts) for name, facts in parties.items()}

    def sites(self, sites: Mapping[str, Mapping[str, Any]]) -> dict[str, dict[str, Any]]:
        """Sites and what is registered of them."""
        shown = {}
        for name, facts in sites.items():
            called = self.masked(name)
            shown[called] = self.facts(facts, counted=False)
            if called != name:
                shown[called].pop("name", None)
        return shown

    def _party(self, name: str, facts: Mapping[str, Any]) -> dict[str, Any]:
        """A party's facts; of a numbered one its roles and country only."""
        if self.numbers.get(name, name) == name:
            return self.facts(facts)
        return {key: facts[key] for key in ("roles", "country") if key in facts}

    def _said(self, trail: Trail) -> Iterator[tuple[Any, bool]]:
        """What is said of lots stays with those who see lots; payments lose their sums."""
        for one in trail.said:
            about_lot = one.subject.startswith("lot:")
            numbered = one.subject[6:] in self.numbers and one.subject.startswith("party:")
            if about_lot and self.audience == "public":
                self.withheld["facts"] += 1
                continue
            yield one, numbered

    def _lots(self, trail: Trail) -> Any:
        if self.audience == "customer":
            return trail.lots
        self.withheld["lots"] += len(trail.lots)
        return ()

    def _transfers(self, trail: Trail) -> Any:
        if self.audience == "customer":
            return trail.transfers
        self.withheld["hand-overs"] += len(trail.transfers)
        return ()

    def _gaps(self, gaps: Iterable[Gap]) -> tuple[Gap, ...]:
        """Gaps are shown to everybody; the public sees neither lots nor weights in them."""
        if self.audience == "customer":
            return tuple(gaps)
        hidden = []
        for gap in gaps:
            kind = gap.subject.partition(":")[0]
            subject = gap.subject if kind == "site" else kind
            hidden.append(Gap(gap.code, subject, "", gap.closed_by))
        return tuple(hidden)

    def step(self, step: Step) -> Step:
        """A step as this audience sees it."""
        claims = tuple(
            msgspec.structs.replace(one, facts=self.facts(one.facts, counted=False))
            for one in step.claims
        )
        bare = msgspec.structs.replace(step, claims=claims, text="", signers=())
        return self.struct(bare)


def _numbers(dossier: Dossier, named_roles: frozenset[str]) -> dict[str, str]:
    """What each party, and each works, that is not named is called: a word and a number."""
    always = {dossier.party} | {name for trail in dossier.trails for name in _close(trail)}
    counts: Counter[str] = Counter()
    names = {}
    for name, facts in dossier.parties.items():
        roles = [str(role) for role in facts.get("roles", ())]
        if name in always or named_roles & set(roles):
            continue
        names[name] = _numbered(counts, roles[0] if roles else "party")
    for site, facts in dossier.sites.items():
        # Mines are named to everybody; the depot of a numbered trader would name the trader.
        kind = str(facts.get("kind", "site"))
        if facts.get("operator") in names and not kind.startswith("mine"):
            names[site] = _numbered(counts, kind)
    return names


def _numbered(counts: Counter[str], kind: str) -> str:
    counts[kind] += 1
    return f"{kind}-{counts[kind]}"


def _close(trail: Trail) -> Iterator[str]:
    """The subject's maker, its holder, and whoever handed it over."""
    for line in trail.lots:
        if line.lot == trail.subject:
            yield from (line.opened_by, line.holder)
    for transfer in trail.transfers:
        if transfer.lot == trail.subject:
            yield from (transfer.giver, transfer.taker)
