"""`oretrail demo --size N`: a whole trade, generated; with frauds if asked, and what finds them."""

from __future__ import annotations

import shlex
from pathlib import Path

from ledger.audit.report import Report

from . import output
from .session import Session
from .stories.trade import Recall, generate, recall

__all__ = ["demonstrate"]


def demonstrate(session: Session, root: Path, size: int, seed: int, frauds: int) -> int:
    """Generate, verify, compare with what was injected; exit code 0 if all is as it must be."""
    if not session.json:
        output.say(
            f"A trade of about {size} events in {output.clean(root)} "
            "(fictional parties, public keys)"
        )
    with output.Progress("events") as said:
        workspace, injected = generate(
            root, size=size, seed=seed, frauds=frauds, listen=lambda done: said(done, size)
        )
    with workspace.ledger(read_only=True) as ledger, output.Progress("entries verified") as checked:
        report = ledger.verify(workspace.trust(), checked)
    lines = recall(injected, report.findings)
    missed = [name for line in lines for name in line.missed]
    if session.json:
        output.say_json(_summary(root, size, seed, report, lines))
    else:
        _say(root, report, lines, frauds)
    return 0 if not missed and (frauds or report.verdict == "supported") else 1


def _say(root: Path, report: Report, lines: list[Recall], frauds: int) -> None:
    counts = report.counts
    verdict = output.paint(report.verdict, "green" if report.verdict == "supported" else "red")
    output.say()
    output.say("Verifying, from the bytes alone")
    output.say(
        f"  {verdict}   {counts.entries} entries, {counts.statements} statements, "
        f"{counts.signatures} signatures"
    )
    output.say(f"  root {report.root}")
    if frauds:
        found = sum(line.found for line in lines)
        output.say()
        output.say(f"Frauds: {frauds} put in, {found} found (see injected.json)")
        rows = [("pattern", "code", "put in", "found", "beside")]
        rows += [
            (line.pattern or "-", line.code, str(line.injected), str(line.found), str(line.beside))
            for line in lines
        ]
        output.table(rows, indent="  ", right=(2, 3, 4))
    else:
        for finding in report.findings[: output.MOST]:
            output.say_finding(finding)
    where = shlex.quote(str(root))
    output.say()
    output.say("Next")
    output.say(f"  oretrail --ledger {where} lots --holder fjord-phones.example")
    output.say(f"  oretrail --ledger {where} verify")


def _summary(
    root: Path, size: int, seed: int, report: Report, lines: list[Recall]
) -> dict[str, object]:
    """The document for ``--json``."""
    return {
        "folder": str(root),
        "asked": size,
        "seed": seed,
        "ledger": report.ledger,
        "size": report.size,
        "root": report.root,
        "verdict": report.verdict,
        "codes": [
            {
                "code": line.code,
                "pattern": line.pattern,
                "injected": line.injected,
                "found": line.found,
                "missed": list(line.missed),
                "beside": line.beside,
            }
            for line in lines
        ],
    }
