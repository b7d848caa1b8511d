"""The disk fails, the power goes, the process is killed: nothing acknowledged is lost."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from faults import CALLS, FAULTS, MAY_NOT_TRACE

HERE = Path(__file__).parent

pytestmark = pytest.mark.skipif(
    not sys.platform.startswith("linux") or shutil.which("strace") is None,
    reason="needs strace to make system calls fail",
)


def staged(program: str, *words: object) -> list[Any]:
    """What a program of this folder says, one JSON value per line."""
    done = subprocess.run(
        [sys.executable, str(HERE / program), *map(str, words)],
        capture_output=True,
        text=True,
        timeout=3000,
        check=False,
    )
    if done.returncode == MAY_NOT_TRACE:
        pytest.skip(f"strace may not trace here: {done.stderr.strip()[:200]}")
    assert done.returncode == 0, done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()]


def survives(folder: Path, statements: int, step: int) -> int:
    """Meet every step-th call with every fault; returns how many were met."""
    met = staged("faults.py", folder, statements, step)
    assert [one for one in met if one["wrong"]] == []
    calls = {one["call"] for one in met}
    assert {"pwrite64", "fdatasync"} <= calls <= set(CALLS)
    assert {one["fault"] for one in met} == set(FAULTS)
    assert any(one["acknowledged"] == 0 for one in met)
    return len(met)


def test_a_failing_disk_and_a_kill_at_every_kind_of_call(tmp_path: Path) -> None:
    assert survives(tmp_path, statements=1, step=4) >= 25


@pytest.mark.long
def test_a_failing_disk_and_a_kill_at_every_call(tmp_path: Path) -> None:
    print(f"\n{survives(tmp_path, statements=5, step=1)} faults met, nothing lost")


def test_the_power_goes_and_nothing_acknowledged_is_lost(tmp_path: Path) -> None:
    assert staged("power_cut.py", tmp_path, 4, 40, 1) == [[]]


@pytest.mark.parametrize(
    ("journal", "synchronous"),
    [("truncate", "OFF"), ("delete", "FULL"), ("wal", "NORMAL")],
)
def test_a_store_that_does_not_sync_does_lose(
    tmp_path: Path, journal: str, synchronous: str
) -> None:
    """The control: the same cuts, under settings that the store never has."""
    (wrong,) = staged("power_cut.py", tmp_path, 4, 30, 1, journal, synchronous)
    assert len(wrong) >= 2


@pytest.mark.long
@pytest.mark.parametrize("settings", [(), ("wal", "FULL")], ids=["as shipped", "as with WAL"])
def test_thousands_of_power_cuts(tmp_path: Path, settings: tuple[str, ...]) -> None:
    assert staged("power_cut.py", tmp_path, 10, 2000, 7, *settings) == [[]]
    print("\n2000 power cuts, nothing acknowledged lost")
