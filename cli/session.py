"""One call of the command: which folder, how to answer, and the keys it may use."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

import click

from ledger.errors import ConfigError

if TYPE_CHECKING:
    from ledger.ledger import Ledger
    from ledger.log.note import Signer
    from ledger.workspace import Workspace

__all__ = ["PASSPHRASE_FILE", "Session", "new_passphrase", "passphrase"]

PASSPHRASE_FILE = "ORETRAIL_PASSPHRASE_FILE"  # noqa: S105 - a name, no secret
"""Names the environment variable that names a file whose first line opens every key."""

_TRIES = 3
_LONGEST = 4_096


class Session:
    """What the options before and after a command say, and what they lead to.

    `folder` is where to look for the workspace (upwards), `json` whether to answer in
    JSON, `debug` whether an error shows where it came from.
    """

    def __init__(self) -> None:
        self.folder: Path | None = None
        self.json = False
        self.debug = False

    def workspace(self) -> Workspace:
        """The workspace at or above the folder; ConfigError ``workspace.missing``."""
        from ledger.memory import state_folder
        from ledger.workspace import Workspace

        if self.folder is not None and not self.folder.is_dir():
            # Looking upwards from a mistyped name would find, and answer for, another ledger.
            raise ConfigError(f"there is no folder {self.folder}", code="workspace.missing")
        found = Workspace.find(self.folder or Path())
        if not found.settings.demo:
            with suppress(ConfigError):
                found.beyond = state_folder(os.environ) / "published"
        return found

    def ledger(self, *, read_only: bool = False) -> Ledger:
        """The workspace's ledger; the caller closes it."""
        return self.workspace().ledger(read_only=read_only)

    def books(self, *, on: Sequence[Path] = (), reading: bool = True) -> Ledger:
        """The ledger with what waits for it: in a copy the outbox, and the statements `on`.

        Nothing can be registered in what this returns where anything waits. The caller
        closes it, and soon: nobody else can write meanwhile.
        """
        workspace = self.workspace()
        if not workspace.settings.copy and not on:
            return workspace.ledger(read_only=reading)
        from . import waiting

        return waiting.books(workspace, on, reading=reading)

    @property
    def keys(self) -> Path:
        """The folder of key files: the workspace's, or ``keys`` where a workspace will be."""
        try:
            return self.workspace().keys
        except ConfigError as error:
            if error.code != "workspace.missing":
                raise
            return (self.folder or Path()) / "keys"

    def key_names(self) -> list[str]:
        """The keys that are here."""
        from ledger import keys

        return keys.names(self.keys)

    def signer(self, name: str) -> Signer:
        """The key of this name, opened with its passphrase; asks again on a terminal."""
        from ledger import keys

        for left in range(_TRIES - 1, -1, -1):
            try:
                return keys.read(self.keys, name, passphrase)
            except ConfigError as error:
                if error.code != "key.passphrase-wrong" or not _asks() or left == 0:
                    raise
                click.echo(f"wrong passphrase for key {name}, {left} more tries", err=True)
        raise ConfigError(f"wrong passphrase for key {name}", code="key.passphrase-wrong")


def passphrase(name: str) -> bytes | None:
    """The passphrase of a key: from the named file, or asked for on a terminal, or none."""
    kept = _kept()
    if kept is not None:
        return kept
    if not _asks():
        return None
    return str(click.prompt(f"passphrase of key {name}", hide_input=True, err=True)).encode()


def new_passphrase(what: str) -> bytes:
    """A passphrase for a key that is being made; without a terminal the flag is named."""
    kept = _kept()
    if kept is not None:
        return kept
    if not _asks():
        raise ConfigError(
            f"{what} wants a passphrase, and there is no terminal to ask for it",
            code="key.passphrase-needed",
            hint=f"set {PASSPHRASE_FILE} to a file that holds it, or say --insecure-no-passphrase",
        )
    return str(
        click.prompt(
            f"new passphrase for {what}", hide_input=True, confirmation_prompt=True, err=True
        )
    ).encode()


def _asks() -> bool:
    return PASSPHRASE_FILE not in os.environ and sys.stdin.isatty() and sys.stderr.isatty()


def _kept() -> bytes | None:
    """The first line of the file that the environment names."""
    path = os.environ.get(PASSPHRASE_FILE)
    if path is None:
        return None
    try:
        with Path(path).open("rb") as file:
            line = file.readline(_LONGEST)
    except OSError as error:
        raise ConfigError(
            f"cannot read the file that {PASSPHRASE_FILE} names: {error.strerror}",
            code="key.passphrase-needed",
        ) from None
    secret = line.removesuffix(b"\n").removesuffix(b"\r")
    if not secret:
        raise ConfigError(
            f"the file that {PASSPHRASE_FILE} names begins with an empty line",
            code="key.passphrase-needed",
        )
    return secret
