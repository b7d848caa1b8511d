"""How a story is told: who takes part, and step by step what they sign.

    def tale() -> Tale:
        yield step("2026-02-09T16:00:00Z", ("gihanga.example", "tags-rw.example"),
                   say("lot.extracted", lot="GIH-0001", mass="44.3 kg", ...))
        dispatch, *_ = yield step(...)         # the ids of its events come back
        yield step(..., tells="one line for whoever watches")

`build` plays it into a new workspace through the same door as everybody: words become
events, each step one statement, signed by the parties it names. The keys are demo keys
and the clock is the story's own, so a story gives the same ledger every time, byte for byte.
"""

from __future__ import annotations

from calendar import timegm
from collections.abc import Callable, Generator
from hashlib import sha256
from pathlib import Path
from time import strptime
from typing import Any, TypeAlias

import msgspec

from ledger import keys
from ledger.custody.demo_keys import demo_seed
from ledger.events import GOVERNANCE, TYPES, Event
from ledger.ledger import Ledger
from ledger.log.note import Signer
from ledger.workspace import Workspace, replace_file

from .. import words

__all__ = [
    "Actor",
    "Cast",
    "Paper",
    "Said",
    "Step",
    "Story",
    "StoryClock",
    "Tale",
    "attached",
    "build",
    "event",
    "handed_over",
    "say",
    "side_by_side",
    "step",
]

GOVERNORS = 3
THRESHOLD = 2


class Actor(msgspec.Struct, frozen=True):
    """A fictional party: id, name, roles, country, licence number, corporate group."""

    party: str
    name: str
    roles: tuple[str, ...]
    country: str
    licence: str | None = None
    group: str | None = None


class Paper(msgspec.Struct, frozen=True):
    """A document that lies in the folder, and in the log by its digest only."""

    file: str
    kind: str
    title: str
    text: str

    @property
    def data(self) -> bytes:
        """The file, byte for byte."""
        return self.text.encode()

    @property
    def digest(self) -> str:
        """SHA-256 of the file, hex."""
        return sha256(self.data).hexdigest()


Said: TypeAlias = dict[str, Any]
"""An event as `oretrail record --from` takes it: its type, and fields in words."""


def say(kind: str, /, **fields: Any) -> Said:
    """What somebody says: ``say("lot.split", lot="C1", parts=["C1-A=50.000 kg"], ...)``."""
    return {"type": kind, **fields}


def attached(lot: str, paper: Paper) -> Said:
    """A paper is pinned to a lot, by whoever signs the step."""
    return say(
        "document.attached",
        subject=f"lot:{lot}",
        digest=paper.digest,
        kind=paper.kind,
        title=paper.title,
        media_type="text/plain",
    )


class Step(msgspec.Struct, frozen=True):
    """One statement: recorded `at`, signed `by` these parties. `tells` is for the reader.

    What is said without a `by` of its own is said by the first of them and cosigned by
    the others; without a time of its own, it happened when it was recorded. With
    `checkpoint` the log signs its tree afterwards, as it would at the end of a month.
    """

    at: str
    by: tuple[str, ...]
    said: tuple[Said, ...]
    tells: str = ""
    checkpoint: bool = False


def step(
    at: str, by: tuple[str, ...], *said: Said, tells: str = "", checkpoint: bool = False
) -> Step:
    """A step of a tale."""
    return Step(at, by, said, tells, checkpoint)


Tale: TypeAlias = Generator[Step, tuple[str, ...], None]
"""Yields steps; is sent the event ids of each."""


def side_by_side(*tales: Tale) -> Tale:
    """Tales that happen at the same time: the first step of each, then the second of each."""
    waiting = [(tale, next(tale)) for tale in tales]
    while waiting:
        going, waiting = waiting, []
        for tale, now in going:
            ids = yield now
            try:
                waiting.append((tale, tale.send(ids)))
            except StopIteration:
                continue


def handed_over(
    lot: str, weight: str, giver: str, taker: str, days: tuple[str, str], *besides: Said
) -> Tale:
    """A dry lot leaves one scale and arrives on another; `besides` is said as it leaves."""
    left, came = days
    sent, *_ = yield step(
        f"{left}T16:00:00Z",
        (giver,),
        say(
            "custody.dispatched",
            occurred_at=f"{left}T14:00Z",
            to=taker,
            lots=[f"{lot}={weight}"],
            carrier="courier",
        ),
        *besides,
    )
    yield step(
        f"{came}T16:00:00Z",
        (taker,),
        say(
            "custody.received",
            occurred_at=f"{came}T10:00Z",
            dispatch=sent,
            giver=giver,
            lots=[f"{lot}={weight},basis=dry"],
        ),
        tells=f"{weight} of {lot} handed over to {taker}",
    )


class Story(msgspec.Struct, frozen=True, kw_only=True):
    """A supply chain from the pit to the product.

    `dug` names two lots from the pits whose weights somebody will try to change, see
    `tampering`.
    """

    name: str
    title: str
    origin: str
    begins: str
    actors: tuple[Actor, ...]
    papers: tuple[Paper, ...]
    tell: Callable[[], Tale]
    product: str
    dug: tuple[str, str]


class Cast(msgspec.Struct, frozen=True):
    """The keys of a story: governance, the log's, and one per party. All of them public."""

    governance: tuple[Signer, ...]
    log: Signer
    parties: dict[str, Signer]

    @classmethod
    def of(cls, story: Story) -> Cast:
        """Demo keys, numbered in the order of the cast."""
        names = [f"{GOVERNANCE}/{n}" for n in range(1, GOVERNORS + 1)]
        names += [story.origin, *(actor.party for actor in story.actors)]
        signers = [Signer(name, demo_seed(n)) for n, name in enumerate(names)]
        log, *parties = signers[GOVERNORS:]
        return cls(tuple(signers[:GOVERNORS]), log, {one.name: one for one in parties})

    def all(self) -> tuple[Signer, ...]:
        """Every key there is."""
        return (*self.governance, self.log, *self.parties.values())

    def signing(self, names: tuple[str, ...]) -> list[Signer]:
        """The keys of these parties; governance signs with as many as it needs."""
        found: list[Signer] = []
        for name in names:
            found += self.governance[:THRESHOLD] if name == GOVERNANCE else [self.parties[name]]
        return found


class StoryClock:
    """A clock that stands where the story is."""

    def __init__(self, at: str) -> None:
        self.wind(at)

    def wind(self, at: str) -> None:
        """Set it to a time in UTC, such as 2026-02-09T16:00:00Z."""
        self._seconds = timegm(strptime(at, "%Y-%m-%dT%H:%M:%SZ"))

    def __call__(self) -> int:
        """Seconds since 1970."""
        return self._seconds


def build(
    story: Story,
    root: Path,
    clock: Callable[[], int] | None = None,
    listen: Callable[[Step], None] | None = None,
    database: str = "ledger.db",
) -> Workspace:
    """Play `story` into a new workspace at `root`, with its keys, papers and checkpoint.

    `clock` None: the story's own, which makes the ledger the same every time. `listen`
    hears of each step once the log has it; `database` is as in `Workspace.create`.
    """
    own = StoryClock(story.begins)
    cast = Cast.of(story)
    workspace = Workspace.create(
        root,
        origin=story.origin,
        name=story.title,
        governance=cast.governance,
        threshold=THRESHOLD,
        log_key=cast.log.verifier.vkey,
        demo=True,
        database=database,
        clock=clock or own,
    )
    for signer in cast.all():
        keys.write(workspace.keys, signer, None)
    (root / "papers").mkdir()
    for paper in story.papers:
        replace_file(root / "papers" / paper.file, paper.data)
    with workspace.ledger(clock=clock or own) as ledger:
        for tale in (_admitted(story, cast), story.tell()):
            _play(tale, ledger, cast, workspace, own, listen)
        workspace.keep_checkpoint(ledger.checkpoint(cast.log))
    return workspace


def _play(
    tale: Tale,
    ledger: Ledger,
    cast: Cast,
    workspace: Workspace,
    own: StoryClock,
    listen: Callable[[Step], None] | None,
) -> None:
    """Record one step after the other, telling each the event ids of the one before."""
    try:
        now = next(tale)
        while True:
            own.wind(now.at)
            events = [event(now, said) for said in now.said]
            receipt = ledger.record(events, *cast.signing(now.by))
            if now.checkpoint:
                workspace.keep_checkpoint(ledger.checkpoint(cast.log))
            if listen is not None:
                listen(now)
            now = tale.send(receipt.event)
    except StopIteration:
        return


def event(within: Step, said: Said) -> Event:
    """The event that is said in a step; MalformedError if the words make none."""
    kind = TYPES[said["type"]]
    fields = {"by": within.by[0], "cosigners": list(within.by[1:]), "occurred_at": within.at}
    if "by" in said:
        del fields["cosigners"]
    fields |= {name: value for name, value in said.items() if name != "type"}
    known = words.shapes(kind)
    reader = words.Reader()
    return words.build(
        kind,
        {n: reader.accept(value, known[n]) if n in known else value for n, value in fields.items()},
    )


def _admitted(story: Story, cast: Cast) -> Tale:
    """Governance admits everybody; each new key signs too, to show that somebody holds it."""
    yield step(
        story.begins,
        (GOVERNANCE, *(actor.party for actor in story.actors)),
        *(
            say(
                "party.admitted",
                by=GOVERNANCE,
                party=actor.party,
                name=actor.name,
                roles=list(actor.roles),
                key=cast.parties[actor.party].verifier.vkey,
                country=actor.country,
                licence=actor.licence,
                group=actor.group,
            )
            for actor in story.actors
        ),
        tells=f"{len(story.actors)} parties admitted by {THRESHOLD} of {GOVERNORS} "
        "governance keys, each with a key of its own",
    )
