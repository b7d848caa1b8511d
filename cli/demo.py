"""`oretrail demo`: a small supply chain with fictional parties, told, traced, verified, broken."""

from __future__ import annotations

import shlex
from pathlib import Path

import click

from ledger.audit.report import Report
from ledger.custody.trail import Trail
from ledger.errors import ConfigError

from . import output
from .demo_trade import demonstrate
from .main import Command
from .new_folder import appearing
from .session import Session
from .stories import NAMES, find
from .stories.tampering import WAYS, Tampered, tamper
from .stories.telling import Step, Story, build
from .trace import plain_trail, say_trail

__all__ = ["demo"]

DEFAULT_FOLDER = "oretrail-demo"


@click.command(cls=Command)
@click.argument("first", required=False, metavar="[STORY]")
@click.argument("second", required=False, metavar="[DIR]")
@click.option("--story", type=click.Choice(NAMES), help="Which story.  [default: tantalum]")
@click.option(
    "--size",
    type=click.IntRange(1, 1_000_000),
    help="Generate a whole trade of about so many events (1,000 at least) instead of a story.",
)
@click.option("--seed", type=click.IntRange(0), help="Another trade of that size.  [default: 1]")
@click.option("--frauds", type=click.IntRange(0, 10_000), help="Put so many frauds into it.")
@click.pass_obj
def demo(
    session: Session,
    first: str | None,
    second: str | None,
    story: str | None,
    size: int | None,
    seed: int | None,
    frauds: int | None,
) -> int:
    """Build a small supply chain in a new folder, trace and verify it, break copies of it.

    The parties are fictional and their keys are public, so a real ledger refuses them.
    DIR is ./oretrail-demo if you name none; the folder must be new or empty.

    With --size a whole trade is made up instead, the same for the same seed; what --frauds
    put into it is listed in injected.json, and the audit is measured against that.

    Exit code 0 says that the ledger is sound and that every tampered copy, or every fraud
    that was put in, was noticed.
    """
    if size is not None:
        if second is not None or story is not None:
            raise click.UsageError("--size makes a trade up; it tells no story")
        root = Path(first or DEFAULT_FOLDER)
        _refuse_used(root)
        return demonstrate(session, root, size, 1 if seed is None else seed, frauds or 0)
    if seed is not None or frauds is not None:
        raise click.UsageError("--seed and --frauds are for a trade of some --size")
    if first in NAMES and story in (None, first):
        story, first, second = first, second, None
    if second is not None:
        raise click.UsageError(f"no story is called {first!r}; there are {', '.join(NAMES)}")
    chosen, root = find(story or NAMES[0]), Path(first or DEFAULT_FOLDER)
    _refuse_used(root)
    quiet = session.json
    if not quiet:
        where = output.clean(root)
        output.say(f"A small {chosen.name} chain in {where} (fictional parties, public keys)")
    with appearing(root) as folder:
        workspace = build(chosen, folder, listen=None if quiet else _tell)
        with workspace.ledger(read_only=True) as ledger:
            trail, report = ledger.trace(chosen.product), ledger.verify(workspace.trust())
            product = ledger.lot(chosen.product)
        copies = [tamper(chosen, workspace, number) for number in sorted(WAYS)]
    if quiet:
        output.say_json(_summary(chosen, root, trail, report, copies))
    else:
        output.say()
        say_trail(trail, product)
        _say_verified(report)
        _say_copies(copies)
        _say_next(chosen, root)
    sound = report.verdict == "supported" and all(copy.caught for copy in copies)
    return 0 if sound else 1


def _refuse_used(root: Path) -> None:
    """A demonstration never writes among somebody's files."""
    if root.exists() and not root.is_dir():
        raise ConfigError(f"{root} is a file, not a folder", code="demo.no-folder")
    found = sorted(path.name for path in root.iterdir()) if root.is_dir() else []
    if found:
        raise ConfigError(
            f"{root} is not empty, there is {found[0]} in it",
            code="demo.not-empty",
            hint="name a new folder: oretrail demo DIR",
        )


def _tell(now: Step) -> None:
    if now.tells:
        output.say(f"  {now.at[:10]}  {now.tells}")


def _say_verified(report: Report) -> None:
    counts = report.counts
    output.say()
    output.say("Verifying, from the bytes alone")
    output.say(
        f"  {_verdict(report)}   {counts.entries} entries, {counts.statements} statements, "
        f"{counts.signatures} signatures"
    )
    output.say(f"  root {report.root}")
    for finding in report.findings[: output.MOST]:
        output.say_finding(finding)


def _say_copies(copies: list[Tampered]) -> None:
    output.say()
    output.say("Breaking copies")
    for copy in copies:
        code, *others = copy.codes or ("nothing was found",)
        found = next((f for f in copy.report.findings if f.code == code), None)
        place = f" at entry {found.entries[0]}" if found and found.entries else ""
        output.say(f"  {copy.workspace.root.name}   {copy.what}")
        output.say(f"    {_verdict(copy.report)}   {code}{place}")
        if found:
            output.say(f"    {output.clean(found.message, 400)}")
        if others:
            output.say(f"    also {', '.join(others)}")


def _verdict(report: Report) -> str:
    return output.paint(report.verdict, "green" if report.verdict == "supported" else "red")


def _say_next(story: Story, root: Path) -> None:
    where = shlex.quote(str(root))
    output.say()
    output.say("Next")
    output.say(f"  oretrail --ledger {where} trace {story.product}")
    output.say(f"  oretrail --ledger {where} verify")
    output.say(f"  oretrail --ledger {where}/tampered-2 verify")
    output.say("  oretrail init my-ledger --origin my.example/trail")


def _summary(
    story: Story, root: Path, trail: Trail, report: Report, copies: list[Tampered]
) -> dict[str, object]:
    """The document for ``--json``."""
    return {
        "story": story.name,
        "folder": str(root),
        "product": story.product,
        "ledger": report.ledger,
        "size": report.size,
        "root": report.root,
        "verdict": report.verdict,
        "findings": [output.finding(one) for one in report.findings],
        "elements": plain_trail(trail)["elements"],
        "tampered": [
            {
                "folder": str(root / copy.workspace.root.name),
                "what": copy.what,
                "verdict": copy.report.verdict,
                "codes": list(copy.codes),
                "caught": copy.caught,
            }
            for copy in copies
        ],
    }
