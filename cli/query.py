"""Looking things up: lots, entries, parties, sites, tags, hand-overs that are not done yet."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import click
import msgspec

from ledger.custody.statement import decode_registration
from ledger.errors import MalformedError, UnknownError
from ledger.events import decode, event_id
from ledger.log import canonical
from ledger.words import mass

from . import output
from .main import Command
from .output import clean
from .record import EventGroup
from .session import Session

if TYPE_CHECKING:
    from ledger.custody.books import Books, Lot
    from ledger.ledger import Ledger

__all__ = ["log", "lots", "party", "show", "site", "tags", "transfer"]

_SHORT = 12


# --- lots ------------------------------------------------------------------------------


def plain_lot(lot: Lot) -> dict[str, Any]:
    """A lot as JSON; masses in milligrams."""
    contents = lot.amount.contents
    said: dict[str, Any] = {
        "lot": lot.lot,
        "material": lot.material,
        "holder": lot.holder,
        "state": lot.state,
        "mass_mg": lot.amount.mass,
        "basis": lot.basis,
        "dry_mg": lot.amount.dry,
        "pieces": lot.amount.pieces,
        "contents_mg": None if contents is None else {c.element: c.mass for c in contents},
        "head": lot.head,
        "opened": lot.opened,
        "to": lot.taker if lot.state == "in-transit" else None,
        "dispatch": lot.dispatch if lot.state == "in-transit" else None,
        "sent_mg": lot.sent if lot.state == "in-transit" else None,
    }
    return {name: value for name, value in said.items() if value is not None}


def _contents(lot: Lot) -> str:
    if lot.amount.contents is None:
        return "not assayed"
    return ", ".join(f"{mass(c.mass)} {c.element}" for c in lot.amount.contents if c.mass)


@click.command(cls=Command)
@click.option("--holder", metavar="PARTY", help="Only what this party holds.")
@click.option("--state", type=click.Choice(["held", "in-transit", "closed"]), help="Only these.")
@click.option("--all", "everything", is_flag=True, help="Lots that are used up as well.")
@click.pass_obj
def lots(session: Session, holder: str | None, state: str | None, everything: bool) -> int:
    """What is held, and by whom; lots that are used up are left out."""
    with session.books() as ledger:
        found = [
            lot
            for lot in ledger.lots(holder, state)
            if everything or state or lot.state != "closed"
        ]
    if session.json:
        output.say_json({"lots": [plain_lot(lot) for lot in found]})
        return 0
    output.table(
        [
            (
                clean(lot.lot),
                clean(lot.material, 40),
                clean(lot.holder),
                lot.state,
                f"{mass(lot.amount.mass)} {lot.basis}",
                _contents(lot),
            )
            for lot in found
        ],
        right=[4],
    )
    if not found:
        output.note("no lots; oretrail lots --all lists those that are used up, too")
    return 0


# --- entries ---------------------------------------------------------------------------


def _entry(index: int, data: bytes) -> dict[str, Any]:
    """An entry as JSON: its place, its id if it is an event, and what it says."""
    try:
        said = canonical.decode(data)
    except MalformedError as error:
        return {"index": index, "error": {"code": error.code, "message": str(error)}}
    if said.get("type") == "registered":
        return {"index": index, "entry": said}
    return {"index": index, "event": event_id(data), "entry": said}


def _entry_line(index: int, data: bytes) -> tuple[str, ...]:
    try:
        event = decode(data)
    except MalformedError:
        try:
            recorded = decode_registration(data)
        except MalformedError as error:
            return str(index), "", "", "", f"cannot be read: {error.code}"
        said = recorded.note[2].split(" ")[:2] if len(recorded.note) > 2 else []
        count = "1 event" if said == ["events", "1"] else f"{' '.join(said[1:])} events"
        return str(index), "", recorded.recorded_at, "", f"statement of {clean(count, 20)}"
    about = _about(event)
    return str(index), event_id(data)[:_SHORT], event.occurred_at, clean(event.by), about


def _about(event: Any) -> str:
    """The event's type, and the first thing it names."""
    for field in ("lot", "product", "party", "site", "series", "certificate", "subject"):
        if isinstance(getattr(event, field, None), str):
            return f"{event.type} {clean(getattr(event, field))}"
    named = [one if isinstance(one, str) else one.lot for one in getattr(event, "lots", ())]
    return f"{event.type} {clean(' '.join(named))}".rstrip(" ")


@click.command(cls=Command)
@click.option("--start", type=click.IntRange(0), metavar="INDEX", help="First entry to show.")
@click.option(
    "--limit", "-n", type=click.IntRange(1), metavar="N", help="At most so many.  [default: all]"
)
@click.pass_obj
def log(session: Session, start: int | None, limit: int | None) -> int:
    """Entries in order: statements, each followed by its events."""
    first = start or 0
    with session.ledger(read_only=True) as ledger:
        end = None if limit is None else first + limit
        sources = ledger.sources(first, end)
        if session.json:
            output.say_json({"entries": [_entry(one.index, one.data) for one in sources]})
        else:
            for one in sources:
                _say_entry(_entry_line(one.index, one.data))
    return 0


def _say_entry(cells: tuple[str, ...]) -> None:
    index, short, at, by, about = cells
    if not short:
        output.say(f"{index:>6}  {at:<20}  {about}")
    else:
        output.say(f"{index:>6}  {at:<20}  {short}  {by:<24}  {about}")


# --- anything by its id ----------------------------------------------------------------


@click.command(cls=Command)
@click.argument("id")
@click.pass_obj
def show(session: Session, id: str) -> int:  # noqa: A002 - it is what people call it
    """Anything by its ID: a lot, product, party, site, series of tags, certificate or entry.

    An entry is named by its number, or by the first digits of its event id.
    """
    with session.books() as ledger:
        found = list(_called(ledger, id))
    if not found:
        raise UnknownError(
            f"nothing here is called {id}", code="id.unknown", hint="oretrail lots lists the lots"
        )
    if session.json:
        output.say_json({"found": [{"kind": kind, "value": value} for kind, value in found]})
        return 0
    for kind, document in found:
        output.say(f"{kind} {clean(id)}")
        _say_tree(document, "  ")
    return 0


def _called(ledger: Ledger, name: str) -> Iterator[tuple[str, dict[str, Any]]]:
    with contextlib.suppress(UnknownError):
        yield "lot", plain_lot(ledger.lot(name))
    books = ledger.books()
    if name in books.parties:
        yield "party", _party(books, name)
    for subject, registered in books.register.items():
        kind, _, called = subject.partition(":")
        if called == name:
            yield kind, {"by": registered.by, **registered.facts}
    with contextlib.suppress(UnknownError):
        yield "entry", _entry(*ledger.find(name))


def _say_tree(value: Any, indent: str, unit: str = "") -> None:
    """Nested values, one to a line; masses with their unit, which `unit` gives to all of them."""
    pairs = value.items() if isinstance(value, dict) else enumerate(value)
    for name, inner in pairs:
        if isinstance(inner, dict | list | tuple) and not _is_flat(inner):
            if inner:
                output.say(f"{indent}{clean(str(name).removesuffix('_mg'))}")
            _say_tree(inner, indent + "  ", "_mg" if str(name).endswith("_mg") else "")
        else:
            called = str(name).removesuffix("_mg")
            output.say(f"{indent}{clean(called)}   {_word(f'{name}{unit}', inner)}")


def _is_flat(value: Any) -> bool:
    return isinstance(value, list | tuple) and all(isinstance(one, str) for one in value)


def _word(name: str, value: Any) -> str:
    if isinstance(value, list | tuple):
        return clean(" ".join(str(one) for one in value))
    if name.endswith("_mg") and isinstance(value, int):
        return mass(value)
    return clean(value)


# --- parties, sites, tags --------------------------------------------------------------


def _party(books: Books, name: str) -> dict[str, Any]:
    found = books.parties[name]
    keys = [
        {
            "key": key.vkey,
            "revoked": key.revoked,
            "scope": msgspec.to_builtins(key.scope),
        }
        for _, key in sorted(books.keys.items())
        if key.party == name
    ]
    said: dict[str, Any] = {"party": name, "roles": list(found.roles), **found.facts}
    if found.suspended:
        said["suspended"] = found.suspended
    return {**said, "keys": keys}


@click.group(cls=EventGroup, name="party")
def party() -> None:
    """Parties: who may act in this ledger, in which roles, with which keys."""


@party.command("list")
@click.pass_obj
def party_list(session: Session) -> int:
    """The parties of this ledger."""
    with session.books() as ledger:
        books = ledger.books()
    if session.json:
        output.say_json({"parties": [_party(books, name) for name in sorted(books.parties)]})
        return 0
    output.table(
        [
            (
                clean(name),
                clean(", ".join(one.roles)),
                clean(one.facts.get("name", "")),
                clean(one.facts.get("country", "")),
                f"suspended: {clean(one.suspended)}" if one.suspended else "",
            )
            for name, one in sorted(books.parties.items())
        ]
    )
    return 0


@party.command("show")
@click.argument("name")
@click.pass_obj
def party_show(session: Session, name: str) -> int:
    """A party, its roles, facts and keys."""
    with session.books() as ledger:
        books = ledger.books()
    if name not in books.parties:
        raise UnknownError(
            f"no party {name} here", code="party.unknown", hint="oretrail party list"
        )
    if session.json:
        output.say_json(_party(books, name))
    else:
        _say_tree(_party(books, name), "")
    return 0


@click.group(cls=EventGroup, name="site")
def site() -> None:
    """Sites: mines, depots, smelters, refineries, factories."""


@click.group(cls=EventGroup, name="tags")
def tags() -> None:
    """Series of numbered tags, issued to a site."""


def _register(session: Session, kind: str, fields: tuple[str, ...]) -> int:
    """Everything of one kind that is registered."""
    with session.books() as ledger:
        register = ledger.books().register
    found = {
        subject.partition(":")[2]: one
        for subject, one in sorted(register.items())
        if subject.startswith(f"{kind}:")
    }
    if session.json:
        entries = [{kind: name, "by": one.by, **one.facts} for name, one in found.items()]
        output.say_json({f"{kind}s" if kind == "site" else kind: entries})
        return 0
    output.table(
        [
            (clean(name), *(clean(one.facts.get(field, "")) for field in fields))
            for name, one in found.items()
        ]
    )
    return 0


@site.command("list")
@click.pass_obj
def site_list(session: Session) -> int:
    """The sites of this ledger."""
    return _register(session, "site", ("name", "kind", "country", "operator"))


@tags.command("list")
@click.pass_obj
def tags_list(session: Session) -> int:
    """The series of tags that were issued."""
    return _register(session, "tags", ("kind", "prefix", "first", "last", "site", "agent"))


# --- hand-overs ------------------------------------------------------------------------


@click.group(cls=EventGroup, name="transfer")
def transfer() -> None:
    """Hand-overs: two signatures and two weights; until the second the sender answers."""


@transfer.command("list")
@click.pass_obj
def transfer_list(session: Session) -> int:
    """Lots that are on the way: who sent them to whom, at what weight, for how long."""
    with session.books() as ledger:
        travelling = ledger.lots(state="in-transit")
        since = {
            lot.dispatch: decode(ledger.find(lot.dispatch)[1]).occurred_at for lot in travelling
        }
    now = time.time_ns() // 1_000_000_000
    rows = [(lot, since[lot.dispatch], _days(since[lot.dispatch], now)) for lot in travelling]
    if session.json:
        output.say_json(
            {
                "in_transit": [
                    {**plain_lot(lot), "from": lot.holder, "since": at, "days": days}
                    for lot, at, days in rows
                ]
            }
        )
        return 0
    output.table(
        [
            (
                clean(lot.lot),
                f"{clean(lot.holder)} -> {clean(lot.taker)}",
                mass(lot.sent),
                f"since {at}",
                f"{days} days",
                f"dispatch {lot.dispatch[:_SHORT]}",
            )
            for lot, at, days in rows
        ],
        right=[2, 4],
    )
    if not rows:
        output.note("nothing is on the way")
    return 0


def _days(at: str, now: int) -> int:
    """Whole days from a moment, UTC, to `now` in seconds since 1970."""
    began = datetime.strptime(at, "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC)
    return max(0, now - int(began.timestamp())) // 86_400
