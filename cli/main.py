"""The group `oretrail`: what commands there are, and the one place errors become exit codes.

    0  fine
    1  findings that contradict, or nothing was verified
    2  the command was not called as it can be
    3  refused by the rules, or there is nothing of that name
    4  malformed input
    5  the environment: storage, settings, a key, something unexpected

Commands are loaded when they are called, so that ``oretrail --help`` needs neither the
database nor the cryptography.
"""

from __future__ import annotations

import contextlib
import importlib
import os
import sys
import traceback
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Any

import click

from ledger import errors

from . import output
from .catalogue import COMMANDS, group_line, other_groups
from .session import Session

__all__ = ["EXIT_CODES", "UNEXPECTED", "Command", "Group", "cli", "main"]

EXIT_CODES: dict[type[errors.LedgerError], int] = {
    errors.MalformedError: 4,
    errors.SignatureError: 1,
    errors.ProofError: 1,
    errors.RefusedError: 3,
    errors.EvidenceError: 1,
    errors.ConflictError: 3,
    errors.UnknownError: 3,
    errors.StorageError: 5,
    errors.ConfigError: 5,
    errors.LedgerError: 5,
}
"""Error class -> exit code; the nearest class in the tree decides."""

UNEXPECTED = 5
_USAGE = 2
_INTERRUPTED = 130


def _remember(name: str, turn: Any = None) -> Any:
    """A callback that keeps an option's value in the session, before or after a command."""

    def keep(context: click.Context, _: click.Parameter, value: Any) -> None:
        if value:
            setattr(context.ensure_object(Session), name, turn(value) if turn else value)

    return keep


def _common() -> list[click.Parameter]:
    """The options that every command takes."""
    return [
        click.Option(
            ["--ledger"],
            metavar="DIR",
            expose_value=False,
            callback=_remember("folder", Path),
            help="Folder of the ledger, or one inside it.  [default: here]",
        ),
        click.Option(
            ["--json"],
            is_flag=True,
            expose_value=False,
            callback=_remember("json"),
            help="Answer with one JSON document.",
        ),
        click.Option(
            ["--debug"],
            is_flag=True,
            expose_value=False,
            callback=_remember("debug"),
            help="Show where an error came from.",
        ),
    ]


class Command(click.Command):
    """A command that also takes what every command takes."""

    def __init__(self, *args: Any, **extra: Any) -> None:
        super().__init__(*args, **extra)
        self.params += _common()


class Group(click.Group):
    """A group whose commands also take what every command takes; alone it shows its help."""

    command_class = Command

    def __init__(self, *args: Any, **extra: Any) -> None:
        extra |= {"invoke_without_command": True, "no_args_is_help": False}
        extra["callback"] = _help_if_alone
        super().__init__(*args, **extra)
        self.params += _common()


def _help_if_alone(**_: Any) -> None:
    """A group that is called without a command shows what commands there are."""
    context = click.get_current_context()
    if context.invoked_subcommand is None:
        click.echo(context.get_help())


Group.group_class = Group


class Door:
    """Where every error ends: it becomes words on stderr and an exit code.

    A context manager rather than an `except`, because this is the only place that may
    swallow whatever comes.
    """

    def __init__(self, session: Session) -> None:
        self.session = session
        self.code = 0

    def __enter__(self) -> Door:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> bool:
        if error is None:
            return False
        if isinstance(error, click.Abort | KeyboardInterrupt):
            self._say("interrupted", "interrupted", None)
            self.code = _INTERRUPTED
            return True
        if not isinstance(error, Exception):
            return False
        if self.session.debug and not isinstance(error, click.ClickException):
            traceback.print_exception(error)
        self.code = self._told(error)
        return True

    def _told(self, error: Exception) -> int:
        if isinstance(error, errors.LedgerError):
            code = next(EXIT_CODES[kind] for kind in type(error).__mro__ if kind in EXIT_CODES)
            self._say(str(error), error.code, error.hint, _details(error))
            return code
        if isinstance(error, click.UsageError):
            path = error.ctx.command_path if error.ctx else "oretrail"
            message = error.format_message().rstrip(".").partition("\n")[0]
            self._say(message[:1].lower() + message[1:], "usage.wrong", f"{path} --help")
            return _USAGE
        if isinstance(error, click.ClickException):
            self._say(error.format_message(), "usage.wrong", None)
            return _USAGE
        if isinstance(error, OSError):
            name = f"{error.filename}: " if error.filename else ""
            self._say(f"{name}{error.strerror or error}", "environment.failed", None)
            return UNEXPECTED
        self._say(
            f"unexpected {type(error).__name__}; this is a mistake of the program",
            "internal",
            "run the command again with --debug and report what it prints",
        )
        return UNEXPECTED

    def _say(
        self, message: str, code: str, hint: str | None, details: dict[str, Any] | None = None
    ) -> None:
        if self.session.json:
            said = {"code": code, "message": message, "hint": hint or "", **(details or {})}
            output.say_json({"error": said})
        problems = (details or {}).get("problems", [])
        if len(problems) > 1 or any("row" in line for line in problems):
            for line in problems[: output.MOST]:
                output.note(output.problem(line))
        # One rule often speaks once for each part of an event; people need to hear it once.
        findings = {
            f"{output.clean(one['message'], 400)} [{one['code']}]": None
            for one in (details or {}).get("findings", [])
        }
        for said_once in list(findings)[: output.MOST] if len(findings) > 1 else ():
            output.note(said_once)
        output.error(output.clean(message, 1000), code)
        if hint:
            output.hint(output.clean(hint, 1000))


def _details(error: errors.LedgerError) -> dict[str, Any]:
    """What an error carries besides its message."""
    if isinstance(error, errors.RefusedError):
        return {"findings": [output.finding(one) for one in error.findings]}
    problems = getattr(error, "problems", None)
    return {} if problems is None else {"problems": [one.plain() for one in problems]}


class Root(Group):
    """The command itself: loads what is called, and turns errors into exit codes."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Every command; first those of the list above, then groups that events name."""
        return [*COMMANDS, *other_groups()]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Load a command."""
        if cmd_name in COMMANDS:
            module, attribute, _ = COMMANDS[cmd_name]
            found = getattr(importlib.import_module(f".{module}", __package__), attribute)
            return found if isinstance(found, click.Command) else None
        if cmd_name in other_groups():
            from .record import event_group

            return event_group(cmd_name)
        return None

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """The list of commands, without loading any of them."""
        rows = [(name, line) for name, (_, _, line) in COMMANDS.items()]
        rows += [(name, group_line(name)) for name in other_groups()]
        with formatter.section("Commands"):
            formatter.write_dl(rows)

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Take the words apart; what is no text cannot be a name of anything here."""
        for word in args:
            if not word.isascii() and any("\ud800" <= letter <= "\udfff" for letter in word):
                raise click.UsageError(f"{word!r} is not UTF-8", ctx)
        return super().parse_args(ctx, args)

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command; whoever reads its words may leave early, and hears no more."""
        try:
            return super().invoke(ctx)
        except BrokenPipeError:
            # What is still buffered must go nowhere, or Python complains at its exit.
            with contextlib.suppress(OSError, ValueError):
                os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            return UNEXPECTED

    def main(  # type: ignore[override]
        self,
        args: Sequence[str] | None = None,
        prog_name: str | None = None,
        complete_var: str | None = None,
        standalone_mode: bool = True,
        windows_expand_args: bool = True,
        **extra: Any,
    ) -> int:
        """Run a command and exit with its code; without `standalone_mode` return the code."""
        session = extra.setdefault("obj", Session())
        for stream in (sys.stdout, sys.stderr):
            if hasattr(stream, "reconfigure"):
                stream.reconfigure(errors="backslashreplace")
        door = Door(session)
        with door:
            result: Any = super().main(
                args,
                prog_name or "oretrail",
                complete_var,
                standalone_mode=False,
                windows_expand_args=windows_expand_args,
                **extra,
            )
            door.code = result if isinstance(result, int) else 0
            sys.stdout.flush()
        if standalone_mode:
            sys.exit(door.code)
        return door.code


@click.command(
    cls=Root,
    name="oretrail",
    epilog="Exit codes: 0 fine; 1 findings that contradict, or nothing was verified; 2 usage; "
    "3 refused by the rules, or nothing of that name; 4 malformed input; 5 environment.",
)
@click.version_option(package_name="oretrail", prog_name="oretrail")
def cli() -> None:
    """Prove where a mineral came from: a signed ledger of lots, hand-overs and weights.

    A ledger lives in a folder and is found by walking up from where you are. Start with
    `oretrail demo`, or with `oretrail init` for a ledger of your own; `oretrail status`
    always says what to do next.
    """


def main() -> None:
    """The entry point of the command `oretrail`."""
    cli.main(prog_name="oretrail")
