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

__all__ = ["names_mirror", "verify_mirror"]


def names_mirror(what: str) -> bool:
    """Whether this names a mirror: a URL, or a folder with a checkpoint that is no workspace."""
    place = Path(what)
    return mirror.is_url(what) or (
        (place / "checkpoint").is_file() and not (place / SETTINGS_FILE).is_file()
    )


def verify_mirror(
    what: str,
    trust: Trust,
    thresholds: dict[str, dict[str, int]],
    policy: Policy | None,
    *,
    local: bool = False,
) -> Report:
    """Verify a mirror; under a policy of witnesses, if there is one."""
    ledger = trust.ledger or (policy.ledger if policy else "")
    with (
        mirror.opened(what, local=local) as found,
        output.Progress("verifying entry") as progress,
    ):
        report = found.verify(Trust(ledger, trust.checkpoints), progress, thresholds)
        notes = (found.note, *trust.checkpoints)
    if policy is not None:
        report = under(report, policy, notes)
    if not ledger and not trust.checkpoints and report.verdict == "supported":
        output.note(
            "nothing was pinned, so this is what some ledger says; insist on yours: "
            "--ledger-id, --checkpoint or --policy"
        )
    return report
