"""`key`: make keys, list them, show them; authorize and revoke come from their event types."""

from __future__ import annotations

from pathlib import Path

import click

from ledger import keys as key_files
from ledger.errors import ConfigError
from ledger.log.note import Signer

from . import output
from .record import EventGroup
from .session import Session, new_passphrase

__all__ = ["key", "make_key"]

insecure = click.option(
    "--insecure-no-passphrase",
    "insecure",
    is_flag=True,
    help="Keep the private key unencrypted: whoever can read the file can sign.",
)


@click.group(cls=EventGroup, name="key")
def key() -> None:
    """Keys: a party's own is named like the party, a device's PARTY/DEVICE.

    Private keys are kept encrypted in the folder `keys`, in OpenSSH's format. In unattended
    use ORETRAIL_PASSPHRASE_FILE names a file whose first line is the passphrase.
    """


def make_key(folder: Path, name: str, secret: bytes | None) -> Signer:
    """A new key under this name, kept in this folder."""
    signer = key_files.new(name)
    key_files.write(folder, signer, secret)
    return signer


@key.command("new")
@click.argument("names", metavar="NAME...", nargs=-1, required=True)
@insecure
@click.pass_obj
def new(session: Session, names: tuple[str, ...], insecure: bool) -> int:
    """Make a key: NAME is the party's id, or PARTY/DEVICE. Several names make several keys.

    Prints the public key, the only line to give to others.
    """
    if len(set(names)) < len(names):
        raise click.UsageError(f"a name is given twice: {' '.join(names)}")
    for name in sorted(set(names) & set(session.key_names())):
        raise ConfigError(f"there is a key {name} already", code="key.exists")
    # All of them are made before the first is kept: a name that cannot be leaves nothing behind.
    signers = [key_files.new(name) for name in names]
    secrets = [None if insecure else new_passphrase(f"key {name}") for name in names]
    for signer, secret in zip(signers, secrets, strict=True):
        key_files.write(session.keys, signer, secret)
    made = [
        {"key": signer.verifier.name, "vkey": signer.verifier.vkey, "encrypted": not insecure}
        for signer in signers
    ]
    if session.json:
        output.say_json(made[0] if len(made) == 1 else {"keys": made})
    else:
        for signer in signers:
            output.say(signer.verifier.vkey)
        halves = "half" if len(made) == 1 else "halves"
        output.note(f"kept the private {halves} in {output.clean(session.keys)}")
    return 0


@key.command("list")
@click.pass_obj
def list_(session: Session) -> int:
    """The keys that are here."""
    names = session.key_names()
    vkeys = [key_files.vkey(session.keys, name) for name in names]
    if session.json:
        output.say_json(
            {"keys": [{"key": name, "vkey": vkey} for name, vkey in zip(names, vkeys, strict=True)]}
        )
    else:
        output.table(
            [(output.clean(n), v.split("+")[1]) for n, v in zip(names, vkeys, strict=True)]
        )
    return 0


@key.command("show")
@click.argument("name")
@click.pass_obj
def show(session: Session, name: str) -> int:
    """The public key of NAME, to give to others."""
    vkey = key_files.vkey(session.keys, name)
    if session.json:
        output.say_json({"key": name, "vkey": vkey})
    else:
        output.say(vkey)
    return 0
