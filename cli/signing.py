"""From events to a receipt: whose signatures are needed, which keys are here, what became of it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from ledger.effects import Authorize
from ledger.errors import ConfigError, RefusedError
from ledger.events import GOVERNANCE, Event, decode, effects_of

from . import output
from .output import clean
from .session import Session

if TYPE_CHECKING:
    from ledger.custody.statement import Statement
    from ledger.field.outbox import Pending
    from ledger.findings import Finding
    from ledger.ledger import Ledger, Receipt
    from ledger.log.note import Signer

__all__ = [
    "enter",
    "keys_for",
    "kinds",
    "plain_waiting",
    "say_judged",
    "say_receipt",
    "say_waiting",
    "still_to_sign",
    "write_statement",
]


def keys_for(session: Session, events: Iterable[Event]) -> list[str]:
    """The names of the keys here that these events need: one for each party named,
    all of governance's, and each new key, which signs for itself.
    """
    here = session.key_names()
    wanted: dict[str, None] = {}
    for event in events:
        for party in (event.by, *event.cosigners):
            devices = [name for name in here if name.startswith(f"{party}/")]
            own = [party] if party in here and party != GOVERNANCE else []
            wanted |= dict.fromkeys(own or (devices if party == GOVERNANCE else devices[:1]))
        for effect in effects_of(event):
            if isinstance(effect, Authorize):
                name = effect.key.partition("+")[0]
                wanted |= dict.fromkeys([name] if name in here else [])
    return list(wanted)


def enter(
    session: Session,
    ledger: Ledger,
    events: Sequence[Event],
    keys: Sequence[str],
    *,
    dry_run: bool = False,
    draft: Path | None = None,
) -> int:
    """Sign the events with these keys (or those that are needed) and register them.

    With `draft` the statement goes to a file instead, signed only by the keys named; with
    `dry_run` it is judged and forgotten. In a copy it goes to the outbox. Returns the exit code.
    """
    from ledger.field.standing import Standing
    from ledger.field.supposed import UNSIGNED

    if isinstance(ledger, Standing):
        ledger.check_fit()
    statement = ledger.draft(events)
    if draft is not None and not dry_run:
        return write_statement(session, draft, _signed(session, statement, keys))
    names = list(keys) or keys_for(session, map(decode, statement.events))
    statement = _signed(session, statement, names)
    if dry_run:
        return say_judged(session, statement, ledger.judge(statement) if names else ())
    if not names:
        raise ConfigError(
            "none of the keys that must sign this is here",
            code="key.missing",
            hint="let the others sign a file: --draft FILE",
        )
    if isinstance(ledger, Standing):
        say_waiting(session, ledger.send(statement))
        return 0
    try:
        receipt = ledger.register(statement)
    except RefusedError as error:
        missing = {one.code for one in error.findings} & UNSIGNED
        if missing and not keys:
            error.hint = "let the others sign it as a file: --draft FILE"
        raise
    say_receipt(session, receipt, statement)
    return 0


def _signed(session: Session, statement: Statement, names: Iterable[str]) -> Statement:
    signers: list[Signer] = [session.signer(name) for name in dict.fromkeys(names)]
    return statement.signed(*signers)


def say_receipt(session: Session, receipt: Receipt, statement: Statement) -> None:
    """What the ledger answered."""
    if session.json:
        output.say_json(
            {
                "receipt": plain_receipt(receipt),
                "findings": [output.finding(one) for one in receipt.findings],
            }
        )
        return
    output.say(recorded(receipt, statement))
    say_findings(receipt.findings)


def plain_receipt(receipt: Receipt) -> dict[str, Any]:
    """A receipt as JSON, without its findings."""
    return {
        "index": receipt.index,
        "event": list(receipt.event),
        "size": receipt.size,
        "recorded_at": receipt.recorded_at,
    }


def recorded(receipt: Receipt, statement: Statement) -> str:
    """Where the events of a statement stand, in a line."""
    first = receipt.index + 1
    if len(receipt.event) == 1:
        kind = decode(statement.events[0]).type
        return f"recorded entry {first}   {kind}   {receipt.event[0][:12]}"
    last = receipt.index + len(receipt.event)
    return f"recorded entries {first} to {last}   {kinds(statement)}"


def say_waiting(session: Session, one: Pending) -> None:
    """It waits in the outbox, and who has still to sign it."""
    missing = still_to_sign(one.statement)
    if session.json:
        output.say_json({"waiting": plain_waiting(one)})
        return
    said = kinds(one.statement)
    if len(one.statement.events) == 1:
        said = f"{decode(one.statement.events[0]).type}   {one.statement.ids[0][:12]}"
    output.say(f"waits in the outbox as {one.number}   {said}")
    if missing:
        output.note(f"{clean(', '.join(missing))} must sign it, too: oretrail sign {one.path}")


def plain_waiting(one: Pending) -> dict[str, Any]:
    """A statement of the outbox as JSON."""
    return {
        "number": one.number,
        "file": str(one.path),
        "event": list(one.statement.ids),
        "signed_by": [signature.name for signature in one.statement.signatures],
        "still_to_sign": still_to_sign(one.statement),
    }


def still_to_sign(statement: Statement) -> list[str]:
    """The parties that its events name and that have not signed, as far as names tell."""
    signed = {signature.name.partition("/")[0] for signature in statement.signatures}
    events = [decode(data) for data in statement.events]
    named = {party for event in events for party in (event.by, *event.cosigners)}
    return sorted(named - signed)


def kinds(statement: Statement) -> str:
    """What a statement says, counted by type."""
    counts: dict[str, int] = {}
    for data in statement.events:
        kind = decode(data).type
        counts[kind] = counts.get(kind, 0) + 1
    return ", ".join(f"{count} {kind}" for kind, count in counts.items())


def say_findings(findings: Iterable[Finding]) -> None:
    shown = tuple(findings)
    for one in shown[: output.MOST]:
        output.say_finding(one)
    if len(shown) > output.MOST:
        output.say(f"and {len(shown) - output.MOST} more findings")


def say_judged(session: Session, statement: Statement, findings: Sequence[Finding]) -> int:
    """A dry run: what would be signed, by whom, and what the rules say of it."""
    refused = [one for one in findings if one.severity == "error"]
    names = [signature.name for signature in statement.signatures]
    if session.json:
        document: dict[str, Any] = {
            "dry_run": True,
            "would_register": bool(names) and not refused,
            "events": [msgspec.json.decode(data) for data in statement.events],
            "signers": names,
            "findings": [output.finding(one) for one in findings],
        }
        output.say_json(document)
    else:
        for data in statement.events:
            output.say(clean(data.decode(), 2_000))
        who = clean(", ".join(names)) or "nobody, since no key that is needed is here"
        output.say(f"signed by   {who}")
        say_findings(findings)
        output.say("nothing was registered: this is a dry run")
    return 3 if refused else 0


def write_statement(session: Session, path: Path, statement: Statement) -> int:
    """Write a statement file, whole or not at all, and say who has signed it."""
    from ledger.workspace import replace_file

    replace_file(path, statement.encode())
    names = [signature.name for signature in statement.signatures]
    if session.json:
        output.say_json({"file": str(path), "event": list(statement.ids), "signed_by": names})
    else:
        count = len(statement.events)
        output.say(
            f"wrote {clean(path)}   {count} event{'s' if count > 1 else ''}, "
            f"signed by {clean(', '.join(names) or 'nobody yet')}"
        )
    return 0
