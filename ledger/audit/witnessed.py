"""What a trust policy makes of evidence: whether enough witnesses vouch for all of it.

Whoever verifies under a policy wants more than a log that agrees with itself: everybody
else must have been shown the same one. So the quorum must have cosigned a checkpoint of
exactly the size and the root that were verified; what came after the last such checkpoint
is not vouched for, however good its signatures are.

    finding                   severity  when
    witness.quorum-not-met    major     no checkpoint at hand is cosigned by the quorum
    witness.not-covered       major     the quorum's newest checkpoint covers a part only
    ledger.wrong              error     the policy pins another ledger
    checkpoint.*, note.*,     error     a checkpoint at hand is not of the policy's log, or a
    signature.*                         signature by a key of the policy is wrong

Neither of the first two contradicts anything, so nobody is accused by them; but a verdict
that would be `supported` becomes `not shown`.

The same few lines serve a whole log, a static copy and a bundle: whoever has a `Report`
(or a size and a root) and the checkpoints that came with the evidence calls `under`.
"""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from ..errors import LedgerError
from ..findings import CONTRADICTS, SEVERITIES, Finding
from ..log.policy import Policy, Witnessed
from .report import Report

__all__ = ["findings", "under"]


def under(report: Report, policy: Policy, checkpoints: Iterable[bytes]) -> Report:
    """The report as it reads under this policy: more findings, perhaps another verdict.

    `checkpoints` are the notes at hand: what came with the evidence, and what the person
    who verifies has kept. They must also have been `Trust.checkpoints` of that audit, which
    compares their roots; here only those of the report's size are compared.
    """
    before = {(one.code, one.message) for one in report.findings}
    found = findings(policy, checkpoints, report.ledger, report.size, report.root)
    added = [one for one in found if (one.code, one.message) not in before]
    if not added:
        return report
    verdict = report.verdict
    if any(one.severity in CONTRADICTS for one in added):
        verdict = "contradicted"
    elif verdict == "supported":
        verdict = "not shown"
    order = {severity: place for place, severity in enumerate(SEVERITIES)}
    # The quorum is what was asked about: among equals it stands first.
    both = sorted((*added, *report.findings), key=lambda one: order[one.severity])
    return msgspec.structs.replace(report, verdict=verdict, findings=tuple(both))


def findings(
    policy: Policy, checkpoints: Iterable[bytes], ledger: str, size: int, root: str
) -> list[Finding]:
    """What the policy has against evidence about `size` entries with this root (hex).

    `ledger` is the ledger id that the evidence is found to be of.
    """
    found: list[Finding] = []
    if policy.ledger and policy.ledger != ledger:
        found.append(
            Finding(
                code="ledger.wrong",
                message=f"this is ledger {ledger[:12] or 'unknown'}, "
                f"expected is {policy.ledger[:12]}",
            )
        )
    seen: list[Witnessed] = []
    for data in dict.fromkeys(checkpoints):
        try:
            seen.append(policy.check(data))
        except LedgerError as error:
            found.append(Finding(code=error.code, message=f"a checkpoint at hand: {error}"))
    met = [one.checkpoint for one in seen if one.met]
    if any((one.size, one.root.hex()) == (size, root) for one in met):
        return found
    older = max((one.size for one in met if one.size < size), default=None)
    if older is not None:
        found.append(
            Finding(
                code="witness.not-covered",
                severity="major",
                message=f"the quorum ({policy.say_quorum()}) has cosigned {older} entries, "
                f"{size} are here",
                entries=(older,),
                hint="have the log as it stands cosigned: oretrail checkpoint make --policy FILE",
            )
        )
    else:
        found.append(_not_met(policy, seen, size))
    return found


def _not_met(policy: Policy, seen: Iterable[Witnessed], size: int) -> Finding:
    """The quorum is met by nothing at hand; how near the newest checkpoint comes."""
    newest = max(seen, key=lambda one: (one.checkpoint.size, len(one.names)), default=None)
    if newest is None:
        said = "no checkpoint of the policy's log is at hand"
    else:
        names = ", ".join(newest.names) or "nobody"
        said = f"the checkpoint of {newest.checkpoint.size} entries is cosigned by {names}"
    return Finding(
        code="witness.quorum-not-met",
        severity="major",
        message=f"{said}; wanted for {size} entries: {policy.say_quorum()}",
        hint="ask the witnesses: oretrail checkpoint witness --policy FILE",
    )
