"""Witnesses' lines under a ledger's checkpoint: asking for them, and showing who has signed."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ledger.errors import ConfigError, UnknownError
from ledger.log import checkpoint as checkpoints
from ledger.log import note
from ledger.log import witness as cosigning

from . import output
from .output import clean
from .session import Session
from .trust import trust_policy, weak_option
from .witness import when

if TYPE_CHECKING:
    from ledger.ledger import Ledger
    from ledger.log.policy import Policy
    from ledger.witnessing import Collected
    from ledger.workspace import Workspace

__all__ = ["KEPT", "ask", "options", "plain_checkpoint", "policy_of", "say_checkpoint"]

KEPT = "trust.policy"
"""A trust policy of this name in a workspace is its own: whose witnesses are asked."""

_SKEW = 300


def options(command: Callable[..., Any]) -> Callable[..., Any]:
    """The options of a command that asks witnesses."""
    policy = click.option(
        "--policy",
        "policy_file",
        type=click.Path(exists=True, dir_okay=False, path_type=Path),
        metavar="FILE",
        help=f"Whose cosignatures are asked for.  [default: {KEPT} in the folder, if it is there]",
    )
    local = click.option(
        "--local", is_flag=True, help="Let witnesses be in a private network, too."
    )
    seconds = click.option(
        "--timeout",
        type=click.FloatRange(0.1, 600),
        default=5.0,
        show_default=True,
        metavar="SECONDS",
        help="How long to wait for each witness.",
    )
    return policy(weak_option(local(seconds(command))))


def policy_of(workspace: Workspace, policy_file: Path | None, weak: bool) -> Policy | None:
    """The trust policy that was named, else the one kept in the folder, else None."""
    kept = workspace.root / KEPT
    if policy_file is None and not kept.is_file():
        return None
    return trust_policy(policy_file or kept, weak=weak)


def ask(
    session: Session,
    workspace: Workspace,
    ledger: Ledger,
    policy: Policy | None,
    *,
    timeout: float,
    local: bool,
) -> int:
    """Ask the policy's witnesses about the newest checkpoint, publish it with their lines.

    Exit code 1 unless the policy is met.
    """
    from ledger.witnessing import collect

    if policy is None:
        raise ConfigError(
            f"no policy was named, and there is no {KEPT} in {workspace.root}",
            code="policy.missing",
            hint="oretrail checkpoint witness --policy FILE",
        )
    if policy.ledger and policy.ledger != ledger.id:
        raise ConfigError(
            f"the policy is for ledger {policy.ledger[:12]}, this is {ledger.id[:12]}",
            code="ledger.wrong",
        )
    data = ledger.latest_checkpoint()
    if data is None:
        raise UnknownError(
            "no checkpoint was signed yet", code="checkpoint.none", hint="oretrail checkpoint make"
        )
    found = collect(ledger, data, policy, timeout=timeout, local=local)
    published = workspace.publish(ledger)
    _say_collected(session, published, policy, found)
    return 0 if found.witnessed.met else 1


def _say_collected(session: Session, data: bytes, policy: Policy, found: Collected) -> None:
    cosigned = found.witnessed.cosigned
    if session.json:
        witnesses = [
            {
                "name": one.name,
                "code": one.code,
                "message": one.message,
                "cosigned_at": when(cosigned[one.name]) if one.name in cosigned else "",
            }
            for one in found.outcomes
        ]
        quorum = {"wanted": policy.say_quorum(), "met": found.witnessed.met}
        output.say_json({**plain_checkpoint(data), "witnesses": witnesses, "quorum": quorum})
        return
    output.say("\n".join(clean(line) for line in data.decode().rstrip("\n").split("\n")))
    output.say()
    output.table(
        [
            (
                clean(one.name),
                when(cosigned[one.name]) if one.name in cosigned else "no",
                one.code,
                clean(one.message),
            )
            for one in found.outcomes
        ]
    )
    met = output.paint("met", "green") if found.witnessed.met else output.paint("not met", "yellow")
    output.say(f"{met}   {clean(policy.say_quorum())}")
    now = int(time.time())
    for one in found.outcomes:
        for line in one.lines:
            apart = cosigning.cosigned_at(line) - now
            if abs(apart) > _SKEW:
                output.note(
                    f"the clock of witness {clean(one.name)} is {abs(apart)} s "
                    f"{'ahead of' if apart > 0 else 'behind'} the one here"
                )
    if not found.witnessed.met:
        output.hint("ask again later: oretrail checkpoint witness --policy FILE")


def plain_checkpoint(data: bytes) -> dict[str, Any]:
    """A checkpoint as JSON; `cosigned` is what its lines say, verified by nobody here."""
    parsed = note.parse(data)
    said = checkpoints.parse(parsed.text)
    return {
        "origin": said.origin,
        "size": said.size,
        "root": said.root.hex(),
        "signed_by": [signature.name for signature in parsed.signatures],
        "cosigned": [{"name": name, "at": at} for name, at in _cosigned(parsed)],
        "checkpoint": data.decode(),
    }


def say_checkpoint(session: Session, data: bytes) -> None:
    """A checkpoint, and who says to have cosigned it when."""
    if session.json:
        output.say_json(plain_checkpoint(data))
        return
    output.say("\n".join(clean(line) for line in data.decode().rstrip("\n").split("\n")))
    for name, at in _cosigned(note.parse(data)):
        output.note(f"cosigned at {at} by {clean(name)}")


def _cosigned(parsed: note.Note) -> list[tuple[str, str]]:
    return [
        (one.name, when(cosigning.cosigned_at(one)))
        for one in parsed.signatures[1:]
        if len(one.blob) == 72
    ]
