"""`export`: one command for each format found in `ledger.exports`.

A format is a file there with a function `render`. What it asks for by the names of its
parameters it is given: `sources` (every entry), `trail` (of the SUBJECT). It answers with
bytes, or with pieces of them.
"""

from __future__ import annotations

import importlib
import inspect
import os
import pkgutil
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any

import click

import ledger.exports
from ledger.errors import ConfigError

from . import output
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
        return sorted(info.name for info in pkgutil.iter_modules(ledger.exports.__path__))

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The command of one format."""
        if cmd_name not in self.list_commands(ctx):
            return None
        module = importlib.import_module(f"ledger.exports.{cmd_name}")
        return _command(cmd_name, module) if hasattr(module, "render") else None


def _command(name: str, module: ModuleType) -> click.Command:
    wants = tuple(inspect.signature(module.render).parameters)
    params: list[click.Parameter] = [
        click.Option(
            ["-o", "--output", "target"],
            type=click.Path(dir_okay=False, path_type=Path),
            metavar="FILE",
            help="Where to write it, whole or not at all.  [default: stdout]",
        )
    ]
    if "trail" in wants:
        params.insert(0, click.Argument(["subject"], metavar="LOT|PRODUCT"))

    def run(target: Path | None, subject: str = "") -> int:
        session = click.get_current_context().ensure_object(Session)
        with session.ledger(read_only=True) as opened:
            pieces = module.render(**_wanted(opened, wants, subject))
            return _deliver(session, _pieces(pieces), target)

    text = (module.__doc__ or "").strip("\n ")
    first, _, rest = text.partition("\n")
    shown = "\n\n".join(f"\b\n{part}" for part in rest.strip("\n").split("\n\n") if part)
    return Command(
        name, params=params, callback=run, help=f"{first}\n\n{shown}", short_help=first.rstrip(".")
    )


def _wanted(opened: Ledger, wants: tuple[str, ...], subject: str) -> dict[str, Any]:
    """What a format asks for."""
    given: dict[str, Any] = {}
    if "sources" in wants:
        given["sources"] = opened.sources()
    if "trail" in wants:
        given["trail"] = opened.trace(subject)
    return given


def _pieces(rendered: bytes | Iterable[bytes]) -> Iterator[bytes]:
    if isinstance(rendered, bytes):
        yield rendered
    else:
        yield from rendered


def _deliver(session: Session, pieces: Iterator[bytes], target: Path | None) -> int:
    """To stdout, or to a file that appears only when it is whole."""
    if target is None:
        for piece in pieces:
            sys.stdout.buffer.write(piece)
        sys.stdout.buffer.flush()
        return 0
    size = _write(target, pieces)
    if session.json:
        output.say_json({"file": str(target), "bytes": size})
    else:
        output.say(f"wrote {clean(target)}   {size} bytes")
    return 0


def _write(target: Path, pieces: Iterator[bytes]) -> int:
    temporary = target.with_name(f".{target.name}.{os.getpid()}.part")
    size = 0
    try:
        with temporary.open("xb") as file:
            for piece in pieces:
                size += file.write(piece)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(target)
    except OSError as error:
        temporary.unlink(missing_ok=True)
        raise ConfigError(
            f"cannot write {target}: {error.strerror}", code="file.not-written"
        ) from None
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
    return size


@click.group(cls=_Formats, name="export")
def export() -> None:
    """Write what is in the ledger in another form; without -o to stdout."""
