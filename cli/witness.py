"""`witness`: cosign other ledgers' checkpoints, as a server of one's own.

a witness's folder
witness.db      the logs it follows, and the last checkpoint of each
keys/           its one key; the public line is of kind 4
"""

from __future__ import annotations

from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ledger import keys as key_files
from ledger.errors import ConfigError, MalformedError
from ledger.log import note
from ledger.log import witness as cosigning

from . import output
from .keys import insecure
from .main import Command, Group
from .output import clean
from .session import Session, new_passphrase, passphrase

if TYPE_CHECKING:
    from ledger.log.witness import CosignatureSigner
    from ledger.store.witness import Memory

__all__ = ["when", "witness"]

DATABASE = "witness.db"

folder = click.argument("folder", metavar="DIR", type=click.Path(file_okay=False, path_type=Path))


@click.group(cls=Group, name="witness")
def witness() -> None:
    """Witness other ledgers: cosign a checkpoint only if it continues the last one.

    Whoever trusts you puts your key into a policy; whoever runs the ledger asks you at your URL.
    """


@witness.command("init", cls=Command)
@folder
@click.option("--name", required=True, help="Name of the witness, such as witness.example/w1.")
@insecure
@click.pass_obj
def init(session: Session, folder: Path, name: str, insecure: bool) -> int:
    """Make a witness in a new folder, with a key of its own.

    Prints its public key, the word that goes into policies.
    """
    from ledger.store.witness import Memory

    note.check_name(name)
    if (folder / DATABASE).exists():
        raise ConfigError(f"{folder} is a witness already", code="witness.exists")
    secret = None if insecure else new_passphrase(f"witness {name}")
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ConfigError(
            f"cannot make {folder}: {error.strerror}", code="file.not-written"
        ) from None
    signer = cosigning.CosignatureSigner(name, key_files.new(name).seed)
    key_files.write(folder / "keys", signer, secret)
    Memory.create(folder / DATABASE).close()
    if session.json:
        output.say_json({"witness": name, "vkey": signer.verifier.vkey})
    else:
        output.say(signer.verifier.vkey)
        output.note(f"follow a ledger: oretrail witness add {clean(folder)} LOG_KEY")
    return 0


@witness.command("add", cls=Command)
@folder
@click.argument("log_key")
@click.pass_obj
def add(session: Session, folder: Path, log_key: str) -> int:
    """Follow the ledger whose log has this public key: its name is the ledger's origin."""
    key = note.Verifier.parse(log_key)
    if key.kind != note.ED25519:
        raise MalformedError(
            f"the key {key.name} is of kind {key.kind}, a log's is of kind 1", code="key.kind"
        )
    with _memory(folder) as memory:
        memory.follow(key)
    if session.json:
        output.say_json({"origin": key.name, "vkey": key.vkey})
    else:
        output.say(f"follows {clean(key.name)}")
    return 0


@witness.command("show", cls=Command)
@folder
@click.pass_obj
def show(session: Session, folder: Path) -> int:
    """The public key of a witness, the ledgers it follows, and what it saw of each last."""
    vkey = _vkey(folder)
    with _memory(folder, read_only=True) as memory:
        rows = [_seen(origin, memory.seen(origin)) for origin in memory.logs()]
    if session.json:
        output.say_json({"vkey": vkey, "logs": rows})
        return 0
    output.say(vkey)
    output.table(
        [
            (
                clean(row["origin"]),
                f"{row['size']} entries" if row["at"] else "nothing yet",
                row["root"][:16],
                row["at"] or "",
            )
            for row in rows
        ]
    )
    return 0


@witness.command("serve", cls=Command)
@folder
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option(
    "--port",
    type=click.IntRange(0, 65_535),
    default=8_421,
    show_default=True,
    help="Port to listen on; 0 takes any that is free.",
)
@click.pass_obj
def serve(session: Session, folder: Path, host: str, port: int) -> int:
    """Answer over HTTP until you press Ctrl-C; needs the extra `server`.

    Put a web server with TLS before it: witnesses elsewhere are asked over https only.
    """
    service = _service()
    signer = _signer(folder)
    with _memory(folder) as memory, service.listen(host, port) as wire:
        at = wire.getsockname()[:2]
        url = f"http://[{at[0]}]:{at[1]}" if ":" in at[0] else f"http://{at[0]}:{at[1]}"
        if session.json:
            output.say_json({"url": url, "vkey": signer.verifier.vkey})
        else:
            output.say(f"{clean(signer.name)} listens on {url}")
        service.serve(service.Desk(memory, signer), wire)
    return 0


def when(seconds: int) -> str:
    """A time in seconds since 1970 as people read it; the number where the calendar ends."""
    try:
        return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%dT%H:%M:%SZ}"
    except (OverflowError, ValueError, OSError):
        return f"second {seconds}"


def _seen(origin: str, seen: tuple[int, bytes, bytes | None]) -> dict[str, Any]:
    size, root, data = seen
    times = [] if data is None else note.parse(data).signatures[-1:]
    return {
        "origin": origin,
        "size": size,
        "root": "" if data is None else root.hex(),
        "at": when(cosigning.cosigned_at(times[0])) if times else "",
        "path": f"/{sha256(origin.encode()).hexdigest()}/checkpoint",
    }


def _memory(folder: Path, *, read_only: bool = False) -> Memory:
    from ledger.store.witness import Memory

    if not (folder / DATABASE).is_file():
        raise ConfigError(
            f"no witness in {folder}",
            code="witness.missing",
            hint=f"oretrail witness init {folder} --name witness.example/w1",
        )
    return Memory(folder / DATABASE, read_only=read_only)


def _name(folder: Path) -> str:
    """The name of the one key in a witness's folder."""
    names = key_files.names(folder / "keys")
    if len(names) != 1:
        raise ConfigError(
            f"{len(names)} keys in {folder / 'keys'}, a witness has one", code="witness.keys"
        )
    return names[0]


def _vkey(folder: Path) -> str:
    _memory(folder, read_only=True).close()
    return key_files.vkey(folder / "keys", _name(folder))


def _signer(folder: Path) -> CosignatureSigner:
    _memory(folder, read_only=True).close()
    opened = key_files.read(folder / "keys", _name(folder), passphrase)
    return cosigning.CosignatureSigner(opened.name, opened.seed)


def _service() -> Any:
    """The server's code, if its packages are here."""
    try:
        from ledger.service import witness as service
    except ModuleNotFoundError as error:
        raise ConfigError(
            f"a server needs {error.name}, which is not installed",
            code="extra.missing",
            hint="pip install 'oretrail[server]'",
        ) from None
    return service
