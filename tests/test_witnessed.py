"""Under a trust policy: what is not vouched for is not shown."""

from __future__ import annotations

import base64

import pytest

from ledger.audit.report import Counts, Report, Verdict
from ledger.audit.witnessed import findings, under
from ledger.findings import Finding
from ledger.log import merkle, note
from ledger.log.policy import Policy
from quorums import LEDGER, cosigner, leaves, policy_text, signed

POLICY = Policy.parse(policy_text(3, 2).encode())
ROOT = merkle.root(leaves(5)).hex()


def report(verdict: Verdict = "supported", *found: Finding, ledger: str = LEDGER) -> Report:
    return Report(verdict, ledger, 5, ROOT, "", Counts(5, 1, 1), found)


def cosigned(*names: str, size: int = 5, branch: str = "") -> bytes:
    data = signed(size, branch)
    for name in names:
        data = note.add(data, cosigner(name))
    return data


def codes(found: Report) -> list[str]:
    return [one.code for one in found.findings]


def test_evidence_that_the_quorum_has_cosigned_stays_as_it_is() -> None:
    before = report("supported", Finding(code="recorded.late", message="x", severity="minor"))
    assert under(before, POLICY, [signed(), cosigned("w1", "w3")]) == before
    contradicted = report("contradicted", Finding(code="mass.overdrawn", message="x"))
    assert under(contradicted, POLICY, [cosigned("w1", "w2", "w3")]) == contradicted


@pytest.mark.parametrize("notes", [[], [signed()], [cosigned("w1")], [cosigned("w1", "w4")]])
def test_without_the_quorum_nothing_is_shown_and_nobody_accused(notes: list[bytes]) -> None:
    found = under(report(), POLICY, notes)
    assert (found.verdict, codes(found)) == ("not shown", ["witness.quorum-not-met"])
    assert found.findings[0].severity == "major"


def test_half_a_quorum_on_each_of_two_copies_is_none() -> None:
    """Cosignatures are counted note by note; merging them is for whoever keeps the notes."""
    found = under(report(), POLICY, [cosigned("w1"), cosigned("w2")])
    assert codes(found) == ["witness.quorum-not-met"]


def test_the_message_says_who_has_cosigned_and_who_was_wanted() -> None:
    (one,) = under(report(), POLICY, [cosigned("w1"), cosigned(size=4)]).findings
    assert one.message == (
        "the checkpoint of 5 entries is cosigned by w1; wanted for 5 entries: 2 of w1, w2, w3"
    )
    (one,) = under(report(), POLICY, [signed()]).findings
    assert "is cosigned by nobody" in one.message
    (one,) = under(report(), POLICY, []).findings
    assert "no checkpoint of the policy's log" in one.message


def test_what_came_after_the_quorum_s_checkpoint_is_not_covered() -> None:
    found = under(report(), POLICY, [cosigned("w1", "w2", size=4), signed()])
    assert (found.verdict, codes(found)) == ("not shown", ["witness.not-covered"])
    assert found.findings[0].entries == (4,)


def test_a_quorum_for_another_past_covers_nothing() -> None:
    """The audit itself finds the other root; here it must only not count."""
    found = under(report(), POLICY, [cosigned("w1", "w2", branch="x")])
    assert (found.verdict, codes(found)) == ("not shown", ["witness.quorum-not-met"])
    longer = under(report(), POLICY, [cosigned("w1", "w2", size=6)])
    assert longer.verdict == "not shown"


def test_a_wrong_cosignature_contradicts() -> None:
    head, _, line = cosigned("w1", "w2").rpartition(b" ")
    blob = bytearray(base64.b64decode(line))
    blob[20] ^= 1
    found = under(report(), POLICY, [head + b" " + base64.b64encode(blob) + b"\n"])
    assert found.verdict == "contradicted"
    assert codes(found)[0].startswith("signature.")


def test_what_is_no_checkpoint_contradicts() -> None:
    found = under(report(), POLICY, [b"x", cosigned("w1", "w2")])
    assert (found.verdict, codes(found)) == ("contradicted", ["note.malformed"])


def test_another_ledger_than_the_policy_s_contradicts_and_is_said_once() -> None:
    other = report(ledger="0a" * 32)
    found = under(other, POLICY, [cosigned("w1", "w2")])
    assert (found.verdict, codes(found)) == ("contradicted", ["ledger.wrong"])
    assert under(found, POLICY, [cosigned("w1", "w2")]) == found
    unpinned = Policy.parse(policy_text(3, 2).partition("\n")[2].encode())
    assert under(other, unpinned, [cosigned("w1", "w2")]) == other


def test_findings_stand_by_severity_and_the_quorum_first_among_equals() -> None:
    major = Finding(code="mass.shortfall", message="x", severity="major")
    error = Finding(code="mass.overdrawn", message="x")
    found = under(report("contradicted", error, major), POLICY, [])
    assert found.verdict == "contradicted"
    assert codes(found) == ["mass.overdrawn", "witness.quorum-not-met", "mass.shortfall"]


def test_a_size_and_a_root_without_a_report_will_do() -> None:
    assert findings(POLICY, [cosigned("w1", "w2")], LEDGER, 5, ROOT) == []
    assert findings(POLICY, [cosigned("w1", "w2")], LEDGER, 5, "0a" * 32) != []
