"""`prove` and `verify FILE.tlog-proof`: that one entry is in the log, and nothing more."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from ledger.errors import ConfigError
from ledger.gather import proven
from ledger.log import merkle, note
from ledger.log import proof as proofs
from ledger.log.checkpoint import Checkpoint
from ledger.log.policy import Policy
from ledger.log.proof import Proof
from ledger.workspace import replace_file

from . import output
from .main import Command
from .output import clean
from .session import Session

__all__ = ["names_proof", "prove", "verify_proof"]

SHOWS = "a proof shows that the entry is in the log, not that the rules bear it out"


@click.command(cls=Command)
@click.argument("entry")
@click.option(
    "-o",
    "--output",
    "target",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE",
    help="Where to write it, such as 42.tlog-proof.  [default: stdout]",
)
@click.option(
    "--entry",
    "beside",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE",
    help="Write the entry's own bytes there: whoever verifies needs them, too.",
)
@click.pass_obj
def prove(session: Session, entry: str, target: Path | None, beside: Path | None) -> int:
    """Prove that an entry is in the ledger, to somebody who has nothing but the log's key.

    ENTRY is its number, or the first digits of its event id. The proof (C2SP tlog-proof) leads
    to the newest checkpoint, with whatever witnesses have signed it.
    """
    with session.ledger(read_only=True) as ledger:
        made = proven(ledger, entry)
    if beside is not None:
        replace_file(beside, made.data)
    if target is not None:
        replace_file(target, made.proof)
    if session.json:
        output.say_json(
            {
                "index": made.index,
                "leaf": merkle.leaf_hash(made.data).hex(),
                "origin": made.origin,
                "size": made.size,
                "entry": made.data.decode(),
                "proof": made.proof.decode(),
            }
        )
    elif target is None:
        sys.stdout.buffer.write(made.proof)
        sys.stdout.buffer.flush()
    else:
        about = f"entry {made.index} of {made.size}, {len(made.proof)} bytes"
        output.say(f"wrote {clean(target)}   {about}")
    return 0


def names_proof(what: str) -> bool:
    """Whether this names a proof: by the end of its name, or by its first line."""
    place = Path(what)
    if not place.is_file():
        return False
    if place.suffix == ".tlog-proof":
        return True
    try:
        with place.open("rb") as file:
            return file.read(20) == b"c2sp.org/tlog-proof@"
    except OSError:
        return False


def verify_proof(
    session: Session, what: str, beside: Path | None, log_key: str | None, policy: Policy | None
) -> int:
    """Verify a proof; the log's key and the entry are given, or those of the ledger here.

    Exit code 1 if a policy's quorum has not cosigned; an error if anything is wrong.
    """
    given = proofs.decode(_bytes(Path(what), proofs.MAX_PROOF))
    entry = _bytes(beside, 1 << 16) if beside is not None else _entry_here(session, given.index)
    names: tuple[str, ...] = ()
    met = True
    if policy is not None:
        witnessed = policy.check(given.checkpoint_note)
        said, names, met = witnessed.checkpoint, witnessed.names, witnessed.met
        proofs.included(entry, given, said)
    else:
        said = proofs.verify(entry, given, *_log(session, log_key))
    verdict = "supported" if met else "not shown"
    return _answer(session, verdict, given, said, entry, names)


def _answer(
    session: Session,
    verdict: str,
    given: Proof,
    said: Checkpoint,
    entry: bytes,
    names: tuple[str, ...],
) -> int:
    from .audit import say_verdict

    if session.json:
        output.say_json(
            {
                "verdict": verdict,
                "index": given.index,
                "leaf": merkle.leaf_hash(entry).hex(),
                "origin": said.origin,
                "size": said.size,
                "root": said.root.hex(),
                "witnesses": list(names),
                "shows": SHOWS,
            }
        )
    else:
        rows = [
            ("log", f"{clean(said.origin)}, {said.size} entries, root {said.root.hex()[:16]}"),
            ("entry", f"{given.index}, {merkle.leaf_hash(entry).hex()[:12]}"),
        ]
        if names or verdict != "supported":
            rows.append(("cosigned", clean(", ".join(names)) or "by none of the policy"))
        output.table(rows)
        say_verdict(verdict, f"entry {given.index} of {clean(said.origin)}")
        output.say(SHOWS)
    return 0 if verdict == "supported" else 1


def _log(session: Session, log_key: str | None) -> tuple[str, list[note.Verifier]]:
    """The origin and the keys of the log: of the key that is given, or of the ledger here."""
    if log_key is not None:
        key = note.Verifier.parse(log_key)
        return key.name, [key]
    try:
        with session.ledger(read_only=True) as ledger:
            governance = ledger.books().governance
            keys = governance.log_keys if governance else ()
            return ledger.origin, [note.Verifier.parse(one) for one in keys]
    except ConfigError as error:
        if error.code == "workspace.missing":
            error.hint = "say whose log it must be: --log-key KEY, or --policy FILE"
        raise


def _entry_here(session: Session, index: int) -> bytes:
    """The entry of this number in the ledger here."""
    try:
        with session.ledger(read_only=True) as ledger:
            return ledger.find(str(index))[1]
    except ConfigError as error:
        if error.code == "workspace.missing":
            error.hint = "say where the entry's bytes are: --entry FILE"
        raise


def _bytes(place: Path, most: int) -> bytes:
    try:
        with place.open("rb") as file:
            return file.read(most + 1)
    except OSError as error:
        raise ConfigError(f"cannot read {place}: {error.strerror}", code="file.not-read") from None
