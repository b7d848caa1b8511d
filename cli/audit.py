"""`verify`, `checkpoint`: recompute everything, and keep what proves the past."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

import click
import msgspec

from ledger.audit.auditor import Trust
from ledger.audit.witnessed import under
from ledger.errors import ConfigError, UnknownError
from ledger.findings import CONTRADICTS
from ledger.log import checkpoint as checkpoints
from ledger.log import note
from ledger.workspace import SETTINGS_FILE, Workspace

from . import bundles, cosign, mirrors, output, proofs, since
from .hands import Hands
from .hands import options as hands_options
from .main import Command, Group
from .output import clean
from .recall import Recall, memory_options
from .session import Session
from .trace import plain_trail, say_trail
from .trust import demands, policy_options

if TYPE_CHECKING:
    from ledger.audit.report import Before, Report
    from ledger.ledger import Ledger
    from ledger.log.policy import Policy

__all__ = [
    "answer",
    "checkpoint",
    "plain_report",
    "say_report",
    "say_verdict",
    "verify",
    "verify_workspace",
]

_COLOURS = {"supported": "green", "not shown": "yellow", "contradicted": "red"}


def plain_report(report: Report) -> dict[str, Any]:
    """A report as JSON."""
    return {
        "verdict": report.verdict,
        "ledger": report.ledger,
        "size": report.size,
        "root": report.root,
        "chain": report.chain,
        "counts": {
            "entries": report.counts.entries,
            "statements": report.counts.statements,
            "signatures": report.counts.signatures,
        },
        "findings": [output.finding(one) for one in report.findings],
        "findings_not_listed": report.more,
        **since.plain(report),
    }


def say_report(report: Report) -> None:
    """The report in words: which ledger, how much was checked, every finding."""
    counts = report.counts
    chain = f", chain {report.chain[:16]}" if report.chain else ""
    output.table(
        [
            ("ledger", report.ledger or "unknown"),
            ("entries", f"{counts.entries}, root {report.root[:16]}{chain}"),
            ("signed", f"{counts.statements} statements, {counts.signatures} good signatures"),
            *since.rows(report),
        ]
    )
    for one in report.findings[: output.MOST]:
        output.say_finding(one)
    unsaid = len(report.findings) - output.MOST + report.more
    if len(report.findings) > output.MOST or report.more:
        output.say(f"and {max(unsaid, report.more)} more findings")


def say_verdict(verdict: str, about: str) -> None:
    """The last line: the verdict, and what it is about."""
    output.say(f"{output.paint(verdict, _COLOURS[verdict])}   {about}")


def _exit_code(report: Report) -> int:
    return 0 if report.verdict == "supported" else 1


@click.command(cls=Command)
@click.argument("what", required=False, metavar="[WORKSPACE|FILE|PRODUCT]")
@click.option("--ledger-id", metavar="HEX", default="", help="Insist on this ledger.")
@click.option(
    "--checkpoint",
    "known",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    multiple=True,
    metavar="FILE",
    help="A signed checkpoint kept elsewhere, which the log must still agree with.  [repeatable]",
)
@policy_options
@memory_options
@click.option("--local", is_flag=True, help="The URL may lead into a private network.")
@click.option(
    "--entry",
    "beside",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    metavar="FILE",
    help="The bytes of the entry that a proof is about.  [default: those in the ledger here]",
)
@click.option(
    "--log-key", metavar="KEY", help="The log's key that has signed a proof's checkpoint."
)
@hands_options
@since.option
@click.option(
    "--integrity",
    is_flag=True,
    help="Hashes, roots and signatures only: quick, checks no rules, and supports nothing.",
)
@click.pass_obj
def verify(  # noqa: PLR0913, PLR0917 - an option each
    session: Session,
    what: str | None,
    ledger_id: str,
    known: tuple[Path, ...],
    policy_files: tuple[Path, ...],
    weak: bool,
    local: bool,
    beside: Path | None,
    log_key: str | None,
    begin: str | None,
    integrity: bool,
    recall: Recall,
    hands: Hands,
) -> int:
    """Recompute everything from the signed bytes, and trust nothing in the tables.

    Without an argument the ledger here; or a folder's; or the static files made by
    `oretrail export tiles`, in a folder or at a URL; or a list of entries made by
    `oretrail export entries` (- is stdin); or a bundle made by `oretrail export trail`; or
    a proof of one entry made by `oretrail prove`; or a product or lot, with the whole ledger
    it stands in. Exit code 1 unless the verdict is `supported`; under a trust policy that
    takes its witnesses' cosignatures, too. What was verified is remembered, and must be
    continued by whatever is verified later (specs/memory.md).
    """
    since.check(what, begin, integrity=integrity, policy=bool(policy_files))
    seen = tuple(path.read_bytes() for path in known)
    policy, witnesses = demands(policy_files, weak=weak)
    if what is not None and proofs.names_proof(what):
        if ledger_id or seen or policy:
            raise click.UsageError("a proof takes --entry, --log-key and a trust policy only")
        return proofs.verify_proof(session, what, beside, log_key, witnesses)
    if beside is not None or log_key is not None:
        raise click.UsageError("--entry and --log-key are about a proof: FILE.tlog-proof")
    if what is not None and bundles.names_bundle(what):
        trust = recall.trust(Trust(ledger_id, seen), carried=True)
        found = bundles.verify_file(what, trust, policy, witnesses)
        report = recall.concluded(found.report, witnesses)
        found = msgspec.structs.replace(found, report=report)
        pinned = bool(ledger_id or seen or witnesses or recall.known)
        return bundles.answer(session, found, pinned=pinned, memory=recall.plain)
    if what is not None and mirrors.names_mirror(what):
        trust = Trust(ledger_id, seen)
        report = mirrors.verify_mirror(what, trust, policy, witnesses, recall, hands, local=local)
        return answer(session, report, what, recall.plain)
    if what is not None and _names_list(what):
        trust = Trust(ledger_id or _pinned(witnesses), seen)
        listed = _verify_list(what, recall.trust(trust, carried=True), policy)
        report = recall.concluded(_under(listed, witnesses, seen), witnesses)
        return answer(session, report, what, recall.plain)
    return _verify_ledger(
        session, what, Trust(ledger_id, seen), policy, witnesses, recall, hands, begin, integrity
    )


def _verify_ledger(
    session: Session,
    what: str | None,
    trust: Trust,
    policy: dict[str, dict[str, int]],
    witnesses: Policy | None,
    recall: Recall,
    hands: Hands,
    begin: str | None,
    integrity: bool,
) -> int:
    """Verify the ledger here or of a folder; or of the product or lot that this names."""
    ledger_id, seen = trust.ledger, trust.checkpoints
    subject = None
    if what is not None and Path(what).is_dir():
        if not (Path(what) / SETTINGS_FILE).is_file():
            raise ConfigError(f"no {SETTINGS_FILE} in {what}", code="workspace.missing")
        workspace = Workspace.find(Path(what))
    else:
        workspace, subject = session.workspace(), what
    with workspace.ledger(read_only=True) as ledger:
        if subject is not None:
            ledger.lot(subject)
        newest = ledger.latest_checkpoint()
        before, given = since.read(begin, recall, ledger.id)
        seen = (*seen, *given, *(() if newest is None else (newest,)))
        if integrity:
            report = _integrity(workspace, ledger, ledger_id, seen, recall, hands)
            return answer(session, recall.concluded(report), workspace.settings.name, recall.plain)
        report = verify_workspace(workspace, ledger, ledger_id, seen, policy, recall, hands, before)
        since.said(begin, report)
        report = _under(report, witnesses, (*workspace.trust().checkpoints, *seen))
        report = recall.concluded(report, witnesses, ledger.growth)
        if subject is not None:
            return _answer_subject(session, report, ledger, subject, recall.plain)
    return answer(session, report, workspace.settings.name, recall.plain)


def _names_list(what: str) -> bool:
    """Whether this names a file of entries: it is there, or no lot can be called so."""
    place = Path(what)
    return what == "-" or place.is_file() or (what.endswith(".jsonl") and not place.is_dir())


def _pinned(policy: Policy | None) -> str:
    return policy.ledger if policy else ""


def _under(report: Report, policy: Policy | None, seen: tuple[bytes, ...]) -> Report:
    """The report as it reads under a trust policy, if there is one."""
    return report if policy is None else under(report, policy, seen)


def verify_workspace(
    workspace: Workspace,
    ledger: Ledger,
    ledger_id: str,
    seen: tuple[bytes, ...],
    policy: dict[str, dict[str, int]] | None = None,
    recall: Recall | None = None,
    hands: Hands | None = None,
    before: Before | None = None,
) -> Report:
    """Replay the ledger of a workspace; what its folder and the caller know is held against it."""
    known = _known(workspace, ledger_id, seen, recall)
    asked = hands or Hands()
    with asked.hired() as executor, output.Progress("verifying entry") as progress:
        return ledger.verify(
            known, progress, policy, workers=asked.workers, executor=executor, before=before
        )


def _integrity(
    workspace: Workspace,
    ledger: Ledger,
    ledger_id: str,
    seen: tuple[bytes, ...],
    recall: Recall,
    hands: Hands,
) -> Report:
    """Look at the hashes and signatures of a workspace's ledger."""
    known = _known(workspace, ledger_id, seen, recall)
    with hands.hired() as executor, output.Progress("hashing entry") as progress:
        return ledger.verify_integrity(known, progress, workers=hands.workers, executor=executor)


def _known(
    workspace: Workspace, ledger_id: str, seen: tuple[bytes, ...], recall: Recall | None
) -> Trust:
    """What the workspace, the caller and the verifier's memory know of its ledger."""
    trust = workspace.trust()
    kept = tuple(dict.fromkeys((*trust.checkpoints, *seen)))
    known = Trust(ledger_id or trust.ledger, kept)
    if recall is None:
        return known
    return recall.trust(known, carried=workspace.settings.copy)


def _verify_list(name: str, trust: Trust, policy: dict[str, dict[str, int]]) -> Report:
    """Verify an exported list of entries: no database, no settings, no keys."""
    from ledger.audit import checks, entry_list
    from ledger.audit.auditor import Auditor

    auditor = Auditor(trust, checks=checks.load(policy))
    with _opened(name) as file:
        auditor.feed(entry_list.read(_lines(file)))
    return auditor.finish()


_LONGEST = 1 << 21


def _lines(file: BinaryIO) -> Iterator[bytes]:
    """Lines, none longer than what `entry_list` refuses for its length."""
    while line := file.readline(_LONGEST):
        yield line


@contextlib.contextmanager
def _opened(name: str) -> Iterator[BinaryIO]:
    if name == "-":
        yield sys.stdin.buffer
        return
    try:
        with Path(name).open("rb") as file:
            yield file
    except OSError as error:
        raise ConfigError(f"cannot read {name}: {error.strerror}", code="file.not-read") from None


def answer(
    session: Session, report: Report, about: str, memory: Mapping[str, Any] | None = None
) -> int:
    """Say what a report says, and in JSON what came of the verifier's memory; the exit code."""
    if session.json:
        output.say_json(plain_report(report) | ({} if memory is None else {"memory": memory}))
    else:
        say_report(report)
        say_verdict(report.verdict, clean(about))
    return _exit_code(report)


def _answer_subject(
    session: Session, report: Report, ledger: Ledger, subject: str, memory: Mapping[str, Any]
) -> int:
    """The verdict on a product: that of its ledger, and its own trail's findings."""
    trail = session.workspace().trace(ledger, subject)
    bad = any(one.severity in CONTRADICTS for one in trail.findings)
    verdict = "contradicted" if bad else report.verdict
    if session.json:
        document = {
            **plain_report(report),
            "verdict": verdict,
            "subject": subject,
            "memory": memory,
        }
        output.say_json({**document, "trail": plain_trail(trail)})
    else:
        say_trail(trail, ledger.lot(subject))
        output.say()
        say_report(report)
        say_verdict(verdict, clean(subject))
    return 0 if verdict == "supported" else 1


# --- checkpoints -----------------------------------------------------------------------


@click.group(cls=Group, name="checkpoint")
def checkpoint() -> None:
    """Checkpoints: the log's key signs how many entries there are, and the root over them.

    Give them to others: who keeps one can show later that nothing before it was changed.
    """


@checkpoint.command("show")
@click.pass_obj
def show(session: Session) -> int:
    """The newest checkpoint of this ledger."""
    with session.ledger(read_only=True) as ledger:
        data = ledger.latest_checkpoint()
    if data is None:
        raise UnknownError(
            "no checkpoint was signed yet", code="checkpoint.none", hint="oretrail checkpoint make"
        )
    cosign.say_checkpoint(session, data)
    return 0


@checkpoint.command("make")
@click.option("--full", is_flag=True, help="Read every entry again, not only the new ones.")
@cosign.options
@click.pass_obj
def make(
    session: Session,
    full: bool,
    policy_file: Path | None,
    weak: bool,
    local: bool,
    timeout: float,
) -> int:
    """Sign the log as it stands, with the log's own key, and publish the checkpoint here.

    The entries since the last checkpoint are read again first, and the root recomputed. With
    a policy its witnesses are asked to cosign; exit code 1 unless enough of them have.
    """
    workspace = session.workspace()
    policy = cosign.policy_of(workspace, policy_file, weak)
    signer = session.signer(workspace.settings.origin)
    with workspace.ledger() as ledger:
        ledger.checkpoint(signer, full=full)
        data = workspace.publish(ledger)
        if policy is not None:
            return cosign.ask(session, workspace, ledger, policy, timeout=timeout, local=local)
    cosign.say_checkpoint(session, data)
    return 0


@checkpoint.command("witness")
@cosign.options
@click.pass_obj
def witness_(
    session: Session, policy_file: Path | None, weak: bool, local: bool, timeout: float
) -> int:
    """Ask the witnesses of a policy to cosign the newest checkpoint, and publish it so.

    Says of each what it did; exit code 1 unless enough of them have cosigned.
    """
    workspace = session.workspace()
    policy = cosign.policy_of(workspace, policy_file, weak)
    with workspace.ledger() as ledger:
        return cosign.ask(session, workspace, ledger, policy, timeout=timeout, local=local)


@checkpoint.command("compare")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.pass_obj
def compare(session: Session, file: Path) -> int:
    """Whether the ledger still agrees with the checkpoint in FILE.

    Its signature must be the log's own, and the entries up to its size must have its root.
    """
    workspace = session.workspace()
    data = file.read_bytes()
    with workspace.ledger(read_only=True) as ledger:
        governance = ledger.books().governance
        vkey = governance.log_key if governance else ""
        said = checkpoints.open(data, ledger.origin, [note.Verifier.parse(vkey)])
        report = verify_workspace(workspace, ledger, "", (data,))
    about = f"{said.size} of {report.size} entries were there when it was signed"
    return answer(session, report, about)
