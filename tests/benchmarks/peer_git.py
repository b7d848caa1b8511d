"""git: a commit for each event, signed with an SSH key, objects fsynced.

It checks no rule; whoever verifies learns that the commits are signed and whole, and nothing
about custody or mass. Time is that of git's own processes.
"""

from __future__ import annotations

import subprocess
from collections.abc import Sequence
from pathlib import Path

from benchmarks.measure import Timing, timed
from benchmarks.peer_rules import Signed

__all__ = ["commit", "verify"]

_WHO = "firm@bench.example"


def _git(place: Path, *words: str) -> str:
    settings = {
        "user.name": "firm",
        "user.email": _WHO,
        "gpg.format": "ssh",
        "user.signingkey": str(place / "key"),
        "gpg.ssh.allowedSignersFile": str(place / "allowed"),
        "gc.auto": "0",
        "core.fsync": "committed",
    }
    given = [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]
    done = subprocess.run(
        ["git", "-C", str(place), *given, *words], check=True, capture_output=True, text=True
    )
    return done.stdout


def commit(place: Path, events: Sequence[Signed]) -> Timing:
    """A new repository at `place`, and one signed commit for each event."""
    place.mkdir()
    key = str(place / "key")
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", key], check=True)
    public = (place / "key.pub").read_text()
    (place / "allowed").write_text(f"{_WHO} {public}")
    _git(place, "init", "-q")

    def commits() -> None:
        for number, one in enumerate(events):
            name = f"{number:08}.json"
            (place / name).write_bytes(one[0])
            _git(place, "add", name)
            _git(place, "commit", "-q", "-S", "-m", "event")

    return timed(commits, len(events))


def verify(place: Path, count: int) -> Timing:
    """Every commit's signature, then every object."""

    def checks() -> None:
        _git(place, "verify-commit", *_git(place, "rev-list", "HEAD").split())
        _git(place, "fsck", "--full")

    return timed(checks, count)
