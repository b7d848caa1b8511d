"""Evidence bundles: verified from their bytes alone, without a ledger (specs/bundle.md).

    frame    bytes <-> lines, counts, digest
    proof    lines -> statements that stand under a checkpoint's root
    judge    signatures, rules, closure, trust

A bundle shows what is in it; only a full copy of the log shows that nothing else concerns
the lot.
"""

from __future__ import annotations

import msgspec

from ...custody.books import Books, Lot
from ...custody.closure import Held, gather, upstream
from ...custody.provenance import Trail, trail
from ...errors import MalformedError
from ...findings import Finding
from ...log.policy import Policy
from .. import memory
from ..auditor import Trust
from ..report import Counts, Findings, Report
from ..witnessed import under
from .frame import FORMAT, MAX_BYTES, Bundle, decode, encode
from .judge import judge
from .proof import Reading, read

__all__ = ["FORMAT", "MAX_BYTES", "Bundle", "Verified", "decode", "encode", "verify"]


class Verified(msgspec.Struct, frozen=True):
    """The verdict on a bundle; `trail` unless something contradicts it before.

    `checkpoint` is the signed note, if the bundle could be read; `lot` the subject as the
    bundle's events leave it.
    """

    report: Report
    subject: str
    trail: Trail | None
    checkpoint: bytes = b""
    lot: Lot | None = None


def verify(data: bytes, trust: Trust | None = None, policy: Policy | None = None) -> Verified:
    """Any bytes whatever: a verdict, and the subject's trail where nothing contradicts it.

    `trust` pins the ledger id and kept checkpoints, `policy` asks for witnesses.
    """
    found = Findings()
    try:
        bundle = decode(data)
    except MalformedError as error:
        found.add([Finding(code=error.code, message=str(error))])
        return Verified(_report(None, found, 0), "", None)
    reading, wrong = read(bundle)
    found.add(wrong)
    if wrong:
        return Verified(_report(reading, found, 0), bundle.subject, None, bundle.checkpoint)
    trust = trust or Trust()
    judged = judge(reading, trust)
    found.add(judged.findings)
    shown = _shown(reading, judged.books, trust)
    if shown is not None:
        found.add(memory.judge(trust.seen, shown))
    told = None if found.contradicts else _trail(reading)
    if told is not None:
        found.add(one for one in told.findings if one.code.startswith("trail."))
    report = msgspec.structs.replace(
        _report(reading, found, judged.signatures),
        recorded_at=reading.parts[-1].recorded_at if reading.parts else "",
        shown=shown,
    )
    if policy is not None:
        report = under(report, policy, (bundle.checkpoint, *trust.checkpoints))
    if report.verdict == "contradicted" and not found.contradicts:
        told = None
    lot = judged.books.lots.get(bundle.subject)
    return Verified(report, bundle.subject, told, bundle.checkpoint, lot)


def _shown(reading: Reading, books: Books, trust: Trust) -> memory.Shown | None:
    """What a bundle shows of its log: one root, of one size."""
    governance, said = books.governance, reading.said
    if governance is None or said is None:
        return None
    roots = memory.Roots()
    roots.add(said.size, said.root)
    return memory.Shown(
        reading.bundle.ledger,
        governance.origin,
        governance.log_keys,
        said.size,
        reading.bundle.checkpoint,
        roots,
        complete=False,
        place=trust.place,
        carried=True,
        pinned=bool(trust.ledger),
        demo=governance.demo,
    )


def _trail(reading: Reading) -> Trail:
    subject = reading.bundle.subject
    lots = upstream(reading.events.values(), subject)
    return trail(subject, lots, gather(Held(reading.events), lots))


def _report(reading: Reading | None, found: Findings, signatures: int) -> Report:
    """The report's root is that of the checkpoint; a bundle has no chain."""
    if reading is None:
        return Report("contradicted", "", 0, "", "", Counts(), found.kept, found.more)
    root = reading.said.root.hex() if reading.said is not None else ""
    counts = Counts(len(reading.bundle.entries), len(reading.parts), signatures)
    return Report(
        "contradicted" if found.contradicts else "supported",
        reading.bundle.ledger,
        reading.bundle.size,
        root,
        "",
        counts,
        found.kept,
        found.more,
    )
