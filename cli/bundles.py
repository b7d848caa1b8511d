"""`verify FILE.trail`: a verdict on a bundle, and the trail it proves; no ledger is needed.

`import bundle` takes the lot over into the ledger here.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import click
import msgspec

from ledger.audit import bundle
from ledger.audit.auditor import Trust
from ledger.audit.bundle import Verified
from ledger.custody.foreign import continued
from ledger.errors import ConfigError
from ledger.log.policy import Policy
from ledger.workspace import bundles_in

from . import output
from .main import Command
from .output import clean
from .session import Session
from .trace import plain_trail, say_trail

__all__ = ["SHOWS", "answer", "import_bundle", "names_bundle", "verify_file"]

SHOWS = (
    "a bundle shows what is in it; only a full copy of the ledger shows that nothing else "
    "concerns it"
)


def names_bundle(what: str) -> bool:
    """Whether this names a bundle: by the end of its name, or by its first line."""
    place = Path(what)
    if not place.is_file():
        return False
    if place.suffix == ".trail":
        return True
    try:
        with place.open("rb") as file:
            return file.read(15) == b"oretrail/trail/"
    except OSError:
        return False


def verify_file(
    what: str,
    trust: Trust,
    thresholds: dict[str, dict[str, int]],
    policy: Policy | None,
) -> Verified:
    """Verify the bundle in a file; there are no checks whose `thresholds` could be set."""
    if thresholds:
        raise ConfigError(
            "thresholds of checks are set, and a bundle is verified without checks",
            code="policy.malformed",
            hint="name a policy of witnesses, or no --policy",
        )
    try:
        with Path(what).open("rb") as file:
            data = file.read(bundle.MAX_BYTES + 1)
    except OSError as error:
        raise ConfigError(f"cannot read {what}: {error.strerror}", code="file.not-read") from None
    found = bundle.verify(data, trust, policy)
    if found.trail is None:
        return found
    told = continued(found.trail, bundles_in(Path(what).parent))
    return msgspec.structs.replace(found, trail=told)


@click.command("bundle", cls=Command)
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--lot", required=True, metavar="ID", help="Id of the new lot.")
@click.option("--by", default="", metavar="ID", help="Party that takes it over.")
@click.option("--ledger-id", metavar="HEX", default="", help="Insist on this other ledger.")
@click.option("--key", "keys", multiple=True, metavar="NAME", help="Keys that sign.  [repeatable]")
@click.pass_obj
def import_bundle(
    session: Session, file: Path, lot: str, by: str, ledger_id: str, keys: tuple[str, ...]
) -> int:
    """Take over a lot of another ledger by its bundle, FILE.trail.

    The bundle is verified first; its mass and contents become those of the new lot, whose
    trail goes on in it. The file is kept in the workspace, under its digest.
    """
    from ledger.audit.bundle.foreign import declaration

    from . import signing
    from .fill import parties_here

    data = file.read_bytes()
    found = bundle.verify(data, Trust(ledger_id))
    workspace = session.workspace()
    names = [by] if by else parties_here(session)
    if len(names) != 1:
        raise click.UsageError(f"--by: one of {', '.join(names) or 'nobody with a key here'}")
    with session.books(reading=False) as ledger:
        event = declaration(data, found, lot, names[0], ledger.now())
        known = set(workspace.bundles.glob("*.trail"))
        kept = workspace.keep_bundle(data)
        try:
            return signing.enter(session, ledger, [event], keys)
        except BaseException:
            if kept not in known:
                kept.unlink(missing_ok=True)
            raise


def answer(session: Session, found: Verified, *, pinned: bool, memory: Mapping[str, Any]) -> int:
    """Say the trail, the verdict and what a bundle cannot show."""
    from .audit import plain_report, say_report, say_verdict

    report = found.report
    if session.json:
        document = {**plain_report(report), "subject": found.subject, "shows": SHOWS}
        told = None if found.trail is None else plain_trail(found.trail)
        output.say_json({**document, "trail": told, "memory": memory})
    else:
        if found.trail is not None:
            say_trail(found.trail)
            output.say()
        say_report(report)
        say_verdict(report.verdict, clean(found.subject) or "no bundle")
        output.say(SHOWS)
        if not pinned and report.verdict == "supported":
            output.note(
                "nothing was pinned, so this is what some ledger says; insist on yours: "
                "--ledger-id, --checkpoint or --policy"
            )
    return 0 if report.verdict == "supported" else 1
