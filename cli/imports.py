"""`import check` and `import draft`: other systems' files become events that a party may sign.

$ oretrail import draft passport.json -o lot.jsonl
$ oretrail record events --from lot.jsonl --by smelter.example
"""

from __future__ import annotations

import json
from pathlib import Path

import click
import msgspec

from ledger import imports
from ledger.errors import ConfigError
from ledger.words import mass as in_words
from ledger.words import read_mass
from ledger.workspace import replace_file

from . import output
from .main import Command
from .output import clean
from .session import Session

__all__ = ["check", "draft"]

_file = click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
_form = click.option(
    "--as",
    "form",
    type=click.Choice(sorted(imports.formats())),
    default=None,
    help="What the file is.  [default: what it looks like]",
)


def _read(file: Path) -> bytes:
    try:
        with file.open("rb") as opened:
            return opened.read(imports.MAX_BYTES + 1)
    except OSError as error:
        raise ConfigError(f"cannot read {file}: {error.strerror}", code="file.not-read") from None


@click.command(cls=Command)
@_file
@_form
@click.pass_obj
def check(session: Session, file: Path, form: str | None) -> int:
    """What lots a file of another system offers; nothing is registered.

    Reads EPCIS 2.0 documents, Trace-X import files and UNTP product passports.
    """
    name, offers = imports.read(_read(file), form or "")
    if session.json:
        output.say_json({"format": name, "lots": [msgspec.to_builtins(one) for one in offers]})
        return 0
    output.say(f"{clean(file.name)} is {name}, and offers {output.counted(len(offers), 'lot')}")
    output.table(
        [
            (clean(one.lot), clean(one.material), _mass(one.mass), one.country, clean(one.note))
            for one in offers
        ]
    )
    return 0


def _mass(milligrams: int | None) -> str:
    return "no mass" if milligrams is None else in_words(milligrams)


@click.command(cls=Command)
@_file
@_form
@click.option(
    "--mass",
    "masses",
    multiple=True,
    metavar="LOT=MASS",
    help='What a lot weighs, such as "LOT-1=12.5 kg", where the file does not say.  [repeatable]',
)
@click.option(
    "-o",
    "--output",
    "target",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE",
    help="Where to write the events.  [default: stdout]",
)
@click.pass_obj
def draft(
    session: Session, file: Path, form: str | None, masses: tuple[str, ...], target: Path | None
) -> int:
    """Write the lots of a file as events, for a party to look over and sign.

    Each is a declaration, whose beginning this ledger does not hold, and has the digest of
    the file attached. `oretrail record events --from FILE --by PARTY` registers them.
    """
    data = _read(file)
    name, offers = imports.read(data, form or "")
    said = dict(_weight(one) for one in masses)
    strange = set(said) - {one.lot for one in offers}
    if strange:
        raise click.UsageError(f"--mass: the file offers no lot {min(strange)}")
    events = imports.draft(offers, form=name, source=file.name, masses=said, data=data)
    text = "".join(json.dumps(one, ensure_ascii=False) + "\n" for one in events)
    if target is None:
        click.echo(text, nl=False)
        return 0
    replace_file(target, text.encode())
    if session.json:
        output.say_json({"file": str(target), "format": name, "events": len(events)})
        return 0
    count = output.counted(len(offers), "lot")
    output.say(f"wrote {clean(target)}   {count}, not signed and not registered")
    output.hint(f"look at it, then: oretrail record events --from {clean(target)} --by PARTY")
    return 0


def _weight(text: str) -> tuple[str, int]:
    lot, found, mass = text.partition("=")
    if not found or not lot:
        raise click.UsageError(f"--mass: {text!r} is not LOT=MASS")
    return lot, read_mass(mass)
