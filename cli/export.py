"""`export`: one command for each format found in `ledger.exports`.

A format is a file there with a function `render`; what it may ask for and what it answers
is said in `ledger.audit.dossier`. A file appears under its name when it is whole; so does
a folder.
"""

from __future__ import annotations

import contextlib
import importlib
import inspect
import os
import pkgutil
import shutil
import sys
from collections.abc import Callable, Iterable, Iterator
from datetime import date, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import click
import msgspec

import ledger.exports
from ledger.audit.dossier import AUDIENCES, Dossier, Folder, Growth, unfilled
from ledger.errors import ConfigError
from ledger.exports import packs
from ledger.gather import gather, proven
from ledger.workspace import replace_file, settle

from . import growth, output
from .main import Command, Group
from .output import clean
from .session import Session

if TYPE_CHECKING:
    from ledger.ledger import Ledger

__all__ = ["export"]


class _Formats(Group):
    """The formats, found in the folder."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Every file that can render."""
        return sorted([*(info.name.replace("_", "-") for info in _files()), *packs.names()])

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The command of one format."""
        if cmd_name not in self.list_commands(ctx):
            return None
        if cmd_name in packs.names():
            return _command(cmd_name, _pack(cmd_name))
        module = importlib.import_module(f"ledger.exports.{cmd_name.replace('-', '_')}")
        return _command(cmd_name, module) if hasattr(module, "render") else None


def _files() -> list[pkgutil.ModuleInfo]:
    return [one for one in pkgutil.iter_modules(ledger.exports.__path__) if not one.ispkg]


def _pack(name: str) -> Any:
    """A pack as a format."""
    pack = packs.load(name)
    return SimpleNamespace(
        __doc__=f"{pack.title}\n\n{pack.law}; a .xlsx with the articles as column groups, or JSON.",
        AUDIENCES=pack.audiences,
        missing=lambda dossier: packs.missing(pack, dossier),
        render=lambda dossier, form: packs.render(pack, dossier, form),
    )


def _command(name: str, module: Any) -> click.Command:
    wants = tuple(inspect.signature(module.render).parameters)
    params: list[click.Parameter] = [
        click.Option(
            ["-o", "--output", "target"],
            type=click.Path(path_type=Path),
            metavar="PATH",
            help="Where to write it, whole or not at all.  [default: stdout]",
        )
    ]
    if "signer" in wants:
        params.append(click.Option(["--key"], metavar="NAME", help="Sign it with this key."))
    if "dossier" in wants:
        params[:0] = _dossier_options(module)
    elif "entry" in wants:
        params.insert(0, click.Argument(["entry"], metavar="ENTRY"))
    elif {"trail", "bundle"}.intersection(wants):
        params.insert(0, click.Argument(["subject"], metavar="LOT|PRODUCT"))

    def run(target: Path | None, **asked: Any) -> int:
        session = click.get_current_context().ensure_object(Session)
        with contextlib.ExitStack() as stack:
            opened = stack.enter_context(session.ledger(read_only=True))
            signed = {}
            if "signer" in wants:
                signed["signer"] = session.signer(asked["key"]) if asked["key"] else None
            if "entry" in wants:
                made = module.render(entry=proven(opened, asked["entry"]), **signed)
                return _deliver(session, made, target, {})
            if "dossier" not in wants:
                pieces = module.render(**_wanted(opened, wants, asked.get("subject", ""), target))
                return _deliver(session, pieces, target, {})
            progress = stack.enter_context(output.Progress("verifying entry"))
            dossier = _dossier(opened, asked, progress)
            files = {key: asked[key] for key in getattr(module, "FILES", {}) if asked[key]}
            extra = {key: path.read_bytes() for key, path in files.items()}
            extra |= signed
            if "form" in wants:
                extra["form"] = _form(target)
            ask = getattr(module, "missing", unfilled)
            known = inspect.signature(ask).parameters
            missing = list(ask(dossier, **{key: extra[key] for key in extra if key in known}))
            rendered = module.render(dossier=dossier, **extra)
            said = {
                "audience": dossier.audience,
                "missing": [msgspec.to_builtins(one) for one in sorted(set(missing))],
                "withheld": dossier.withheld,
            }
            return _deliver(session, rendered, target, said)

    text = (module.__doc__ or "").strip("\n ")
    first, _, rest = text.partition("\n")
    shown = "\n\n".join(f"\b\n{part}" for part in rest.strip("\n").split("\n\n") if part)
    return Command(
        name, params=params, callback=run, help=f"{first}\n\n{shown}", short_help=first.rstrip(".")
    )


def _form(target: Path | None) -> str:
    """What a pack is written as, by the end of the file's name."""
    suffix = ".json" if target is None else target.suffix
    if suffix not in (".xlsx", ".json"):
        raise click.UsageError(f"-o {target}: a pack is written as .xlsx or as .json")
    return suffix.removeprefix(".")


def _dossier_options(module: Any) -> list[click.Parameter]:
    """What a dossier can be asked for, and what the format itself asks for besides."""
    audiences = getattr(module, "AUDIENCES", AUDIENCES)
    needs = inspect.signature(module.render).parameters
    return [
        click.Argument(["subjects"], metavar="[LOT|PRODUCT]...", nargs=-1),
        click.Option(
            ["--for", "audience"],
            type=click.Choice(audiences),
            default=audiences[0],
            show_default=True,
            help="Who may see it; the rest is withheld, and counted.",
        ),
        click.Option(["--party"], default="", metavar="ID", help="What this party took or made."),
        click.Option(
            ["--from", "first"], metavar="DAY", help="From this day on, such as 2026-01-01."
        ),
        click.Option(["--to", "last"], metavar="DAY", help="Up to and with this day."),
        *(
            click.Option(
                [f"--{name}"],
                type=click.Path(exists=True, dir_okay=False, path_type=Path),
                required=needs[name].default is inspect.Parameter.empty,
                metavar="FILE",
                help=text,
            )
            for name, text in getattr(module, "FILES", {}).items()
        ),
    ]


def _dossier(
    opened: Ledger, asked: dict[str, Any], progress: Callable[[int, int], None]
) -> Dossier:
    subjects, party = asked["subjects"], asked["party"]
    period = (_day(asked["first"], 0), _day(asked["last"], 1))
    if any(period) and subjects:
        raise click.UsageError("a period or a lot, not both")
    if not subjects and not party and not any(period):
        raise click.UsageError("name a lot or product, or --party, or --from and --to")
    return gather(
        opened,
        subjects,
        party=party,
        period=period,
        audience=asked["audience"],
        progress=progress,
    )


def _day(text: str | None, after: int) -> str:
    """A day as it is compared, or the day after it."""
    if text is None:
        return ""
    try:
        day = date.fromisoformat(text) if len(text) == len("2026-01-01") else None
    except ValueError:
        day = None
    if day is None:
        raise click.UsageError(f"{text} is no day such as 2026-01-01")
    return (day + timedelta(days=after)).isoformat()


def _wanted(
    opened: Ledger, wants: tuple[str, ...], subject: str, target: Path | None
) -> dict[str, Any]:
    """What a format asks for that needs no dossier."""
    given: dict[str, Any] = {}
    if "sources" in wants:
        given["sources"] = opened.sources()
    if "trail" in wants:
        given["trail"] = opened.trace(subject)
    if "bundle" in wants:
        given["bundle"] = opened.bundle(subject)
    if "log" in wants:
        given["log"] = growth.log_of(opened)
    if "present" in wants:
        given["present"] = growth.present(_folder(target))
    return given


def _folder(target: Path | None) -> Path:
    if target is None:
        raise click.UsageError("this format is a folder: say where with -o")
    return target


def _deliver(session: Session, rendered: Any, target: Path | None, said: dict[str, Any]) -> int:
    """To stdout, or to a file or folder that appears only when it is whole."""
    if isinstance(rendered, Growth):
        files, size = growth.write(_folder(target), rendered)
        counts = {"file": str(target), "files": files, "bytes": size}
    elif isinstance(rendered, Folder):
        files, size = _write_folder(_folder(target), rendered)
        counts = {"file": str(target), "files": files, "bytes": size}
    elif target is None:
        for piece in _pieces(rendered):
            sys.stdout.buffer.write(piece)
        sys.stdout.buffer.flush()
        _say_left_out(said)
        return 0
    else:
        size = replace_file(target, _pieces(rendered))
        counts = {"file": str(target), "bytes": size}
    if session.json:
        output.say_json({**counts, **said})
        return 0
    whole = f"{counts['files']} files, " if "files" in counts else ""
    output.say(f"wrote {clean(target)}   {whole}{size} bytes")
    _say_left_out(said)
    return 0


def _say_left_out(said: dict[str, Any]) -> None:
    """What is missing and what was withheld, on stderr: nothing is silently empty."""
    if said.get("missing"):
        fields = [f"{one['field']} ({one['closed_by']})" for one in said["missing"]]
        output.note(f"missing: {clean('; '.join(dict.fromkeys(fields)), 400)}")
    if said.get("withheld"):
        counts = ", ".join(f"{count} {kind}" for kind, count in said["withheld"].items())
        output.note(f"withheld from this audience: {clean(counts, 400)}")


def _pieces(rendered: bytes | Iterable[bytes]) -> Iterator[bytes]:
    if isinstance(rendered, bytes):
        yield rendered
    else:
        yield from rendered


def _write_folder(target: Path, folder: Folder) -> tuple[int, int]:
    """A folder under a temporary name, then renamed; what is there already is kept."""
    if target.exists():
        raise ConfigError(f"{target} exists already", code="file.exists")
    temporary = target.with_name(f".{target.name}.{os.getpid()}.part")
    count = size = 0
    try:
        for name, content in folder.files:
            place = temporary / name
            place.parent.mkdir(parents=True, exist_ok=True)
            size += replace_file(place, _pieces(content))
            count += 1
        temporary.replace(target)
        settle(target.parent)
    except OSError as error:
        raise ConfigError(
            f"cannot write {target}: {error.strerror}", code="file.not-written"
        ) from None
    finally:
        if temporary.exists():
            shutil.rmtree(temporary, ignore_errors=True)
    return count, size


@click.group(cls=_Formats, name="export")
def export() -> None:
    """Write what is in the ledger in another form; without -o to stdout."""
