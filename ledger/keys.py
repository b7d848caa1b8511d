"""Key files: OpenSSH private keys with a passphrase, and their public line beside them.

    keys/gihanga.example.key      -----BEGIN OPENSSH PRIVATE KEY-----   mode 0600
    keys/gihanga.example.vkey     gihanga.example+0d1f...+AXc...

A device key ``party/device`` is kept as ``party@device.key``. People can use `ssh-keygen
-p` to change the passphrase. The passphrase runs through bcrypt with 64 rounds (about half
a second); private halves never appear in arguments, the environment, logs or messages.
Whatever has a name, a key id and `sign` can sign (`log.note.SignsNotes`), so agents and
hardware keys fit as well.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Callable
from pathlib import Path

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization as ser
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from .errors import ConfigError, LedgerError
from .log import note
from .log.witness import CosignatureSigner

__all__ = ["BCRYPT_ROUNDS", "names", "new", "read", "vkey", "write"]

BCRYPT_ROUNDS = 64
"""Four times what ssh-keygen uses by default."""

_MAGIC = b"-----BEGIN OPENSSH PRIVATE KEY-----\n"
_LARGEST = 16_384


def new(name: str) -> note.Signer:
    """A new key under a name, from the operating system's randomness."""
    return note.Signer(name, os.urandom(32))


def write(
    folder: Path,
    signer: note.Signer | CosignatureSigner,
    passphrase: bytes | None,
    rounds: int = BCRYPT_ROUNDS,
) -> Path:
    """Keep a key in `folder`; never over an existing one. Returns the private file's path.

    `passphrase` None writes the key unencrypted, for demonstrations.
    """
    key = Ed25519PrivateKey.from_private_bytes(signer.seed)
    encryption: ser.KeySerializationEncryption = ser.NoEncryption()
    if passphrase is not None:
        builder = ser.PrivateFormat.OpenSSH.encryption_builder()
        encryption = builder.kdf_rounds(rounds).build(passphrase)
    text = key.private_bytes(ser.Encoding.PEM, ser.PrivateFormat.OpenSSH, encryption)
    path = _path(folder, signer.name, "key")
    try:
        folder.mkdir(mode=0o700, exist_ok=True)
        _create(path, text, 0o600)
        _create(_path(folder, signer.name, "vkey"), (signer.verifier.vkey + "\n").encode(), 0o644)
    except FileExistsError:
        raise ConfigError(
            f"there is a key {signer.name} already, at {path}", code="key.exists"
        ) from None
    except OSError as error:
        raise ConfigError(
            f"cannot write {path}: {error.strerror}", code="key.not-written"
        ) from None
    return path


def read(folder: Path, name: str, passphrase: Callable[[str], bytes | None]) -> note.Signer:
    """The key kept under `name`; `passphrase(name)` is asked only if the file wants one.

    Raises ConfigError: ``key.missing``, ``key.permissions``, ``key.passphrase-needed``,
    ``key.passphrase-wrong``, ``key.damaged``.
    """
    path = _path(folder, name, "key")
    data = _private_bytes(path, name)
    if not data.startswith(_MAGIC):
        raise _damaged(path)
    secret: bytes | None = None
    if _is_encrypted(data):
        secret = passphrase(name)
        if not secret:
            raise ConfigError(
                f"key {name} wants its passphrase",
                code="key.passphrase-needed",
                hint="set ORETRAIL_PASSPHRASE_FILE to a file that holds it",
            )
    try:
        key = ser.load_ssh_private_key(data, secret)
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:
        # A wrong passphrase shows only as a broken checksum inside.
        if secret is not None and "checksum" in str(error).lower():
            raise ConfigError(
                f"wrong passphrase for key {name}", code="key.passphrase-wrong"
            ) from None
        raise _damaged(path) from None
    if not isinstance(key, Ed25519PrivateKey):
        raise _damaged(path)
    raw = key.private_bytes(ser.Encoding.Raw, ser.PrivateFormat.Raw, ser.NoEncryption())
    signer = note.Signer(name, raw)
    # The public line may be of another kind: a witness's says 4 where this says 1.
    if signer.verifier.public_key != note.Verifier.parse(vkey(folder, name)).public_key:
        raise ConfigError(
            f"the private and the public file of key {name} do not belong together",
            code="key.damaged",
        )
    return signer


def names(folder: Path) -> list[str]:
    """The names of the keys kept in `folder`."""
    return sorted(path.name.removesuffix(".key").replace("@", "/") for path in folder.glob("*.key"))


def vkey(folder: Path, name: str) -> str:
    """The public line of a key."""
    path = _path(folder, name, "vkey")
    try:
        text = path.read_text("ascii").removesuffix("\n")
        if note.Verifier.parse(text).name == name:
            return text
    except FileNotFoundError:
        raise _missing(name, path) from None
    except (OSError, UnicodeDecodeError, LedgerError):
        raise _damaged(path) from None
    raise _damaged(path)


def _path(folder: Path, name: str, ending: str) -> Path:
    note.check_name(name)
    spelled = name.replace("/", "@")
    if spelled.startswith(".") or "\\" in spelled or "\0" in spelled:
        raise ConfigError(f"{name!r} cannot be a key's name", code="key.name")
    return folder / f"{spelled}.{ending}"


def _create(path: Path, data: bytes, mode: int) -> None:
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_NOFOLLOW", 0)
    with os.fdopen(os.open(path, flags, mode), "wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())


def _private_bytes(path: Path, name: str) -> bytes:
    flags = os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0)
    try:
        handle = os.open(path, flags)
    except FileNotFoundError:
        raise _missing(name, path) from None
    except OSError as error:
        raise ConfigError(f"cannot read {path}: {error.strerror}", code="key.damaged") from None
    with os.fdopen(handle, "rb") as file:
        mode = os.fstat(file.fileno()).st_mode
        if os.name == "posix" and stat.S_IMODE(mode) & 0o077:
            raise ConfigError(
                f"{path} can be read by others (mode {stat.S_IMODE(mode):04o}, 0600 is needed)",
                code="key.permissions",
                hint=f"chmod 600 {path}",
            )
        return file.read(_LARGEST)


def _is_encrypted(data: bytes) -> bool:
    """Whether an OpenSSH private key names a cipher (PROTOCOL.key, section 1)."""
    try:
        ser.load_ssh_private_key(data, None)
    except TypeError:
        return True
    except ValueError as error:
        return "password" in str(error).lower()
    except UnsupportedAlgorithm:
        return False
    return False


def _missing(name: str, path: Path) -> ConfigError:
    return ConfigError(
        f"no key {name} at {path}", code="key.missing", hint=f"make it: oretrail key new {name}"
    )


def _damaged(path: Path) -> ConfigError:
    return ConfigError(f"{path} is damaged, or no key of ours", code="key.damaged")
