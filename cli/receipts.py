"""`receipts`: what the ledger promised to whoever works here, and whether it kept its word."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING

import click

from ledger import mirror
from ledger.errors import ConfigError, UnknownError
from ledger.workspace import SETTINGS_FILE, Workspace

from . import audit, output
from .main import Group
from .session import Session

if TYPE_CHECKING:
    from ledger.audit.receipts import Comparison
    from ledger.audit.report import Report

__all__ = ["receipts"]

_LARGEST = 1 << 30


@click.group(cls=Group, name="receipts")
def receipts() -> None:
    """Receipts: every registration from this folder is answered with one, which is kept here.

    A receipt says at which entry the events stand, and since when. A ledger from which they
    vanish later, or that never publishes them, is shown by them to have broken its word.
    """


@receipts.command("check")
@click.option(
    "--against",
    metavar="DIR|URL",
    help="Another place where the ledger is: a folder of it, or its static files.  [default: here]",
)
@click.option(
    "--receipts",
    "file",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    metavar="FILE",
    help="Receipts kept elsewhere, such as the answer to an outbox.  [default: those kept here]",
)
@click.option(
    "--within",
    type=click.IntRange(0),
    default=24,
    show_default=True,
    metavar="HOURS",
    help="How long after its time an entry may be missing from static files.",
)
@click.option("--local", is_flag=True, help="The URL may lead into a private network.")
@click.pass_obj
def check(
    session: Session, against: str | None, file: Path | None, within: int, local: bool
) -> int:
    """Verify the ledger, and compare every receipt kept with what is in it today.

    What was dropped, moved, given another time or is published too late is named. Exit code
    1 unless the verdict is `supported`.
    """
    from ledger.audit.receipts import Comparison, read

    place = file or session.workspace().receipts
    try:
        with place.open("rb") as opened:
            data = opened.read(_LARGEST)
    except FileNotFoundError:
        raise UnknownError(
            f"no receipts were kept in {place}",
            code="receipt.none",
            hint="they are, from the next registration on",
        ) from None
    except OSError as error:
        raise ConfigError(f"cannot read {place}: {error.strerror}", code="file.not-read") from None
    kept, bad = read(data)
    comparison = Comparison(kept, bad)
    published_by = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() - within * 3600))
    pinned = {one.ledger for one in kept if one.ledger}
    pin = next(iter(pinned)) if len(pinned) == 1 else ""
    report = _report(session, against, comparison, pin, published_by, local=local)
    count = f"{output.counted(len(kept), 'receipt')} against {report.size} entries"
    return audit.answer(session, report, count)


def _report(
    session: Session,
    against: str | None,
    comparison: Comparison,
    pin: str,
    published_by: str,
    *,
    local: bool,
) -> Report:
    """The ledger verified, with what the receipts have to say of it."""
    from ledger.audit import checks
    from ledger.audit.auditor import Auditor, Trust

    with output.Progress("verifying entry") as progress:
        if against is None or (Path(against) / SETTINGS_FILE).is_file():
            found = session.workspace() if against is None else Workspace.find(Path(against))
            trust = found.trust()
            auditor = Auditor(Trust(pin or trust.ledger, trust.checkpoints), checks=checks.load())
            with found.ledger(read_only=True) as ledger:
                size = ledger.head().size
                for one in comparison.watch(ledger.sources()):
                    auditor.feed([one])
                    if one.index % 500 == 0:
                        progress(one.index, size)
            auditor.add(comparison.findings(auditor.finish().ledger))
            return auditor.finish()
        with mirror.opened(against, local=local) as files:
            return files.verify(
                Trust(pin),
                progress,
                watch=comparison.watch,
                conclude=lambda ledger: comparison.findings(ledger, published_by),
            )
