"""Files of policy: whom to believe (a trust policy), and what is unusual (thresholds).

`--policy FILE` takes both, and may be given twice; which of them a file is shows in its first
line. A trust policy is that of `specs/policy.md`; thresholds are TOML, ``["tag.old"]`` /
``days = 60``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import click
import msgspec

from ledger.errors import ConfigError, MalformedError
from ledger.log.policy import Policy, is_policy
from ledger.log.policy import lint as remarks

from . import output
from .main import Command
from .output import clean
from .session import Session

__all__ = ["demands", "lint", "policy_options", "trust_policy", "weak_option"]

Thresholds = dict[str, dict[str, int]]

_LONGEST = 1 << 20

weak_option = click.option(
    "--weak-quorum",
    "weak",
    is_flag=True,
    help="Take a policy that half of its witnesses or fewer can meet, which excludes no fork.",
)


def policy_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """The options `--policy`, given up to twice, and `--weak-quorum`."""
    option = click.option(
        "--policy",
        "policy_files",
        type=click.Path(exists=True, dir_okay=False, path_type=Path),
        multiple=True,
        metavar="FILE",
        help="Which log and witnesses to trust, or thresholds of the checks in TOML "
        "(a table named like the check, days = 60).  [repeatable]",
    )
    return option(weak_option(command))


def demands(files: Iterable[Path], *, weak: bool = False) -> tuple[Thresholds, Policy | None]:
    """What these files ask for: the thresholds of one (or none), the trust policy of another."""
    thresholds: Thresholds | None = None
    trust: Policy | None = None
    for file in files:
        data = _read(file)
        if is_policy(data):
            if trust is not None:
                raise ConfigError(f"{file} is a second trust policy", code="policy.twice")
            trust = _trust(file, data, weak)
        else:
            if thresholds is not None:
                raise ConfigError(f"{file} sets thresholds a second time", code="policy.twice")
            thresholds = _thresholds(file, data)
    return thresholds or {}, trust


def trust_policy(file: Path, *, weak: bool = False) -> Policy:
    """The trust policy in a file; ConfigError if it is none, MalformedError if it is wrong."""
    data = _read(file)
    if not is_policy(data):
        raise ConfigError(f"{file} names no log, witness or quorum", code="policy.no-trust-policy")
    return _trust(file, data, weak)


def _trust(file: Path, data: bytes, weak: bool) -> Policy:
    try:
        return Policy.parse(data, weak=weak)
    except MalformedError as error:
        hint = "insist: --weak-quorum" if error.code == "policy.weak-quorum" else None
        raise MalformedError(f"{file}: {error}", code=error.code, hint=hint) from None


def _thresholds(file: Path, data: bytes) -> Thresholds:
    """Check -> threshold -> value."""
    import tomllib

    try:
        return msgspec.convert(tomllib.loads(str(data, "utf-8")), Thresholds)
    except (ValueError, msgspec.ValidationError) as error:
        raise ConfigError(f"policy {file}: {error}", code="policy.malformed") from None


def _read(file: Path) -> bytes:
    try:
        with file.open("rb") as opened:
            data = opened.read(_LONGEST + 1)
    except OSError as error:
        raise ConfigError(f"policy {file}: {error.strerror}", code="policy.malformed") from None
    if len(data) > _LONGEST:
        raise ConfigError(f"policy {file}: over {_LONGEST} bytes", code="policy.malformed")
    return data


@click.command("lint", cls=Command)
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@weak_option
@click.pass_obj
def lint(session: Session, file: Path, weak: bool) -> int:
    """Look over a trust policy: is it one, whom does it trust, what may not be meant.

    A quorum that half of the witnesses or fewer can meet is refused: two different pasts could
    both be vouched for.
    """
    policy = trust_policy(file, weak=weak)
    found = remarks(policy)
    if session.json:
        output.say_json(
            {
                "ledger": policy.ledger,
                "logs": [each.key.name for each in policy.logs],
                "witnesses": [
                    {"name": each.name, "key": each.key.vkey, "url": each.url}
                    for each in policy.witnesses.values()
                ],
                "quorum": policy.say_quorum(),
                "remarks": [{"code": each.code, "message": each.message} for each in found],
            }
        )
        return 0
    output.table(
        [
            ("ledger", policy.ledger or "whatever begins the log"),
            ("log", clean(", ".join(each.key.name for each in policy.logs) or "none")),
            *(
                (f"witness {clean(each.name)}", f"{clean(each.key.name)}   {clean(each.url)}")
                for each in policy.witnesses.values()
            ),
            ("quorum", clean(policy.say_quorum())),
        ]
    )
    for each in found:
        output.note(f"{clean(each.message)} [{each.code}]")
    return 0
