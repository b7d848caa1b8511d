"""`verify DIR` and `verify https://...`: a whole ledger as static files, and nothing else."""

from __future__ import annotations

from pathlib import Path

from ledger import mirror
from ledger.audit.auditor import Trust
from ledger.audit.report import Report
from ledger.audit.witnessed import under
from ledger.log.policy import Policy
from ledger.workspace import SETTINGS_FILE

from . import output
from .hands import Hands
from .recall import Recall

__all__ = ["names_mirror", "verify_mirror"]


def names_mirror(what: str) -> bool:
    """Whether this names a mirror: a URL, or a folder with a checkpoint that is no workspace."""
    place = Path(what)
    return "://" in what or (
        (place / "checkpoint").is_file() and not (place / SETTINGS_FILE).is_file()
    )


def verify_mirror(
    what: str,
    trust: Trust,
    thresholds: dict[str, dict[str, int]],
    policy: Policy | None,
    recall: Recall,
    hands: Hands,
    *,
    local: bool = False,
) -> Report:
    """Verify a mirror; under a policy of witnesses, if there is one.

    What is at a URL is shown by whoever keeps the ledger; a folder may have been carried.
    """
    ledger = trust.ledger or (policy.ledger if policy else "")
    with (
        mirror.opened(what, local=local) as found,
        hands.hired() as executor,
        output.Progress("verifying entry") as progress,
    ):
        known = recall.trust(
            Trust(ledger, trust.checkpoints),
            place=what if "://" in what else "",
            carried="://" not in what,
        )
        report = found.verify(known, progress, thresholds, workers=hands.workers, executor=executor)
        if policy is not None:
            report = under(report, policy, (found.note, *trust.checkpoints))
        report = recall.concluded(report, policy, found.growth)
    pinned = ledger or trust.checkpoints or recall.known
    if not pinned and report.verdict == "supported":
        output.note(
            "nothing was pinned, so this is what some ledger says; insist on yours: "
            "--ledger-id, --checkpoint or --policy"
        )
    return report
