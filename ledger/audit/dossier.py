"""A dossier: what an export is made from, and what it must say of itself.

    ledger ──gather──> Dossier ──for_audience──> Dossier ──render──> file or folder

An export is a view. It adds nothing to what the dossier holds, and it states: which
ledger, at which size and root, under which checkpoint; what it was made from and for
whom; which fields the law or the standard asks for and nobody has recorded (`Missing`);
and how many fields were withheld from this audience.

Every file in `ledger/exports` that has a function `render` is a format, and its name is the
command: `ledger/exports/prov.py` is `oretrail export prov`. What `render` asks for by the
names of its parameters it is given:

    sources   every entry, in log order
    trail     the trail of the one subject
    dossier   everything below, for the audience that was asked for
    log       the log's own tree: checkpoint, keys, subtree hashes, entries (`Log`)
    present   the checkpoint of the folder that is written to, or None

It answers with bytes, with pieces of bytes, with a `Folder`, or with a `Growth`. A module may
also have

    FILES     {"template": "help"}: files of the user's that it needs, given to `render`
              as bytes by these names
    AUDIENCES for whom it can be made; all three if it does not say
    missing(dossier) -> Iterable[Missing]
              what the law or the standard asks for, and the dossier does not hold;
              without it the gaps of the trails (`unfilled`)
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, Literal

import msgspec

from ..custody.trail import Gap, Trail
from ..log import merkle
from .report import Report
from .steps import Step

__all__ = ["AUDIENCES", "Audience", "Dossier", "Folder", "Growth", "Log", "Missing", "unfilled"]

Audience = Literal["authority", "customer", "public"]
"""Who the export is for; each sees what the one before sees, or less."""

AUDIENCES: tuple[Audience, ...] = ("authority", "customer", "public")


class Folder(msgspec.Struct, frozen=True):
    """An export that is a folder: relative path with forward slashes, and content, of each
    file, in the order in which they are written.
    """

    files: Iterable[tuple[str, bytes | Iterable[bytes]]]


class Growth(msgspec.Struct, frozen=True):
    """An export that is a folder which grows with the ledger.

    `files` are what is new, in order. Then `proven` reads the folder with the function that
    it is given, and raises if what was written is not right; then `last` takes the place of
    the file that has its name; then every file that is `stale` goes.
    """

    files: Iterable[tuple[str, bytes]]
    last: tuple[str, bytes]
    proven: Callable[[Callable[[str], bytes]], None]
    stale: Callable[[str], bool]


class Log(msgspec.Struct, frozen=True):
    """A log as its store has it: newest checkpoint, log keys (the oldest first), stored
    subtree hashes, and entries from one index up to another.
    """

    origin: str
    keys: tuple[str, ...]
    checkpoint: bytes | None
    nodes: merkle.Reader
    entries: Callable[[int, int], Iterable[bytes]]


class Missing(msgspec.Struct, frozen=True, omit_defaults=True, order=True):
    """A field that nobody has recorded: its name in the law or standard, where that asks for
    it, the type of the event that would fill it, and what it is missing for.
    """

    field: str
    where: str
    closed_by: str
    subject: str = ""


class Dossier(msgspec.Struct, frozen=True, kw_only=True):
    """What an export is made from.

    `trails`: of the subjects asked for; `parties` and `sites`: what is registered of those
    that come up; `steps`: the events behind the trails in log order, and
    without trails the same as `days`: all events of the `period` (first day, first day after
    it; "" is open). `as_of` is the log's time at `size`. `audit`
    verifies the whole ledger in one pass and hands every step on as it goes. `sources`: every
    entry, for those who may see all of them.
    `withheld`: kind of field -> how many this audience does not see.
    """

    ledger: str
    origin: str
    size: int
    root: str
    chain: str
    as_of: str
    subjects: tuple[str, ...] = ()
    party: str = ""
    period: tuple[str, str] = ("", "")
    audience: Audience = "authority"
    demo: bool = False
    checkpoint: bytes | None = None
    trails: tuple[Trail, ...] = ()
    parties: dict[str, dict[str, Any]] = {}
    sites: dict[str, dict[str, Any]] = {}
    steps: Callable[[], Iterable[Step]]
    days: Callable[[], Iterable[Step]]
    audit: Callable[[Callable[[Step], None]], Report]
    sources: Callable[[], Iterable[tuple[int, bytes]]] | None = None
    bundle: Callable[[str], bytes] | None = None
    withheld: dict[str, int] = {}

    def about(self, export: str, version: int, missing: Iterable[Missing]) -> dict[str, Any]:
        """What every export says of itself, as JSON; `version` is that of the mapping."""
        said: dict[str, Any] = {
            "export": export,
            "version": version,
            "ledger": self.ledger,
            "origin": self.origin,
            "size": self.size,
            "root": self.root,
            "as_of": self.as_of,
            "audience": self.audience,
        }
        if self.checkpoint is not None:
            said["checkpoint"] = self.checkpoint.decode()
        if self.subjects:
            said["subjects"] = list(self.subjects)
        if self.party:
            said["party"] = self.party
        if any(self.period):
            said["period"] = dict(zip(("from", "to"), self.period, strict=True))
        if self.demo:
            said["demo"] = True
        said["entries"] = self.entries
        said["missing"] = [msgspec.to_builtins(one) for one in sorted(set(missing))]
        said["withheld"] = dict(sorted(self.withheld.items()))
        return said

    @property
    def entries(self) -> list[int]:
        """Indexes of the entries that the trails were made from; of a period, none are listed."""
        return sorted({index for trail in self.trails for index in trail.entries})

    @property
    def trail(self) -> Trail:
        """The trail of the one subject."""
        (one,) = self.trails
        return one

    @property
    def gaps(self) -> tuple[Gap, ...]:
        """The gaps of all trails, each once."""
        return tuple(dict.fromkeys(gap for trail in self.trails for gap in trail.gaps))


def unfilled(dossier: Dossier) -> list[Missing]:
    """The gaps of the trails as missing fields; every format may start from them."""
    return [Missing(gap.code, "the trail itself", gap.closed_by, gap.subject)
            for gap in dossier.gaps]  # fmt: skip
