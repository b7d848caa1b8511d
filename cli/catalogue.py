"""The catalogue of commands: what there is, without loading any of it.

Some commands have a module; the rest are event types, which say in `command` where they
belong (``record extraction``).
"""

from __future__ import annotations

import importlib.util
import re
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ledger.events import Event

__all__ = ["COMMANDS", "event_commands", "group_line", "other_groups"]

COMMANDS = {
    "demo": ("demo", "demo", "build a small supply chain, verify it, break copies of it"),
    "init": ("workspace", "init", "begin a ledger in a folder"),
    "status": ("workspace", "status", "what is here, and what to do next"),
    "doctor": ("workspace", "doctor", "whether this computer and this folder are fit"),
    "key": ("keys", "key", "keys: make, list, show, authorize, revoke"),
    "party": ("query", "party", "parties: admit, suspend, list, show"),
    "site": ("query", "site", "mines, depots, smelters, factories: add, list"),
    "tags": ("query", "tags", "series of tags: issue, void, list"),
    "policy": ("record", "policy", "tolerances of the ledger; look over a trust policy"),
    "record": ("record", "record", "say what happened to a lot: one command per event type"),
    "transfer": ("query", "transfer", "hand-overs: dispatch, receive, reject, cancel, list"),
    "lots": ("query", "lots", "what is held"),
    "log": ("query", "log", "entries in order"),
    "show": ("query", "show", "anything by its id"),
    "trace": ("trace", "trace", "where a lot or product came from, or went to"),
    "verify": ("audit", "verify", "recompute everything, trust nothing in the tables"),
    "export": ("export", "export", "write what is in the ledger in another form"),
    "import": ("templates", "import_", "template, check, draft, bundle: what others wrote down"),
    "sign": ("exchange", "sign", "sign a statement file"),
    "countersign": ("exchange", "countersign", "add a signature to a signed statement file"),
    "register": ("exchange", "register", "enter a signed statement file into the ledger"),
    "copy": ("copies", "copy", "write the ledger, or what is new, to a file to carry"),
    "clone": ("copies", "clone", "make a folder a copy of a ledger, to work in the field"),
    "update": ("copies", "update", "bring a copy up to date"),
    "outbox": ("outbox", "outbox", "what was recorded in a copy: list, pack, rebase, add, drop"),
    "inbox": ("inbox", "inbox", "take in an outbox at one go, or unpack it"),
    "prove": ("proofs", "prove", "a proof that an entry is in the ledger, as a file"),
    "receipts": ("receipts", "receipts", "what the ledger promised, and whether it kept its word"),
    "checkpoint": ("audit", "checkpoint", "signed heads of the log: show, make, compare"),
    "witness": ("witness", "witness", "cosign other ledgers' checkpoints: init, add, serve, show"),
    "db": ("database", "db", "the database: rebuild, check, backup, restore"),
}
"""Command -> (module, attribute, its line in the list of commands)."""


_COMMAND = re.compile(r'^    command: ClassVar\[str\] = "([a-z -]+)"$', re.MULTILINE)


@cache
def event_commands(group: str) -> dict[str, type[Event]]:
    """The commands of a group that come from event types."""
    from ledger.events import TYPES

    found = {}
    for kind in TYPES.values():
        first, _, rest = kind.command.partition(" ")
        if first == group:
            found[rest or first] = kind
    return found


def other_groups() -> list[str]:
    """Groups that event types name and that have no module of their own."""
    groups = (command.partition(" ")[0] for command in _said())
    return list(dict.fromkeys(name for name in groups if name not in COMMANDS))


def group_line(name: str) -> str:
    """The line of such a group in the list of commands."""
    rests = (command.partition(" ") for command in _said())
    return f"{name}: {', '.join(rest or first for first, _, rest in rests if first == name)}"


@cache
def _said() -> tuple[str, ...]:
    """Every command that an event type names.

    Read from the text of the types, which is many times quicker than making fifty classes
    for a list of names; where there is no text, from the types.
    """
    spec = importlib.util.find_spec("ledger.events")
    folders = spec.submodule_search_locations or () if spec else ()
    files = sorted(file for folder in folders for file in Path(folder).glob("*.py"))
    if files:
        return tuple(c for file in files for c in _COMMAND.findall(file.read_text("utf-8")))
    from ledger.events import TYPES

    return tuple(kind.command for kind in TYPES.values() if kind.command)
