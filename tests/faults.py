"""A stage for disasters: a writer registers, and a system call of its fails or kills it.

    python tests/faults.py FOLDER STATEMENTS STEP

For each of the calls by which SQLite changes a disk, and for each fault: the N-th call of the
writer is met, N = 1, 1 + STEP, ... until none is left to be met. Afterwards the database is
opened, verified and written to by a process that was not there. One JSON line per fault:

    {"call": "fdatasync", "fault": "error=EIO", "nth": 3, "acknowledged": 2, "wrong": ""}

The faults are those of strace(1), which attaches to a child of this warm process; so a run
takes a tenth of a second, and the code under test is the one that ships.
"""

from __future__ import annotations

import ctypes
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

from actors import KEYS, MINE, World, extracted
from ledger.errors import LedgerError
from ledger.ledger import Ledger
from ledger.store import engine as _loaded  # noqa: F401 - once, not in each child

CALLS = ("pwrite64", "fdatasync", "fsync", "ftruncate", "unlink")
FAULTS = ("signal=KILL", "error=EIO", "error=ENOSPC")
CLOCK = 1_780_000_000
REFUSED_TO_WRITE = 3
MAY_NOT_TRACE = 77
_PR_SET_PTRACER, _ANYBODY = 0x59616D61, -1


def template(folder: Path) -> Path:
    """A ledger with a mine, to be copied for each run."""
    world = World(folder / "template.db").settle()
    world.ledger.close()
    return world.path


def bag(number: int) -> str:
    """The name of the bag that the writer registers as its n-th."""
    return f"FAULT-{number:03}"


def write(path: Path, statements: int, acknowledge: int) -> None:
    """The writer: registers one bag after the other, and tells of each once it has the receipt."""
    with Ledger.open(path, clock=lambda: CLOCK) as ledger:
        for number in range(statements):
            ledger.record([extracted(bag(number), 10_000)], KEYS[MINE])
            os.write(acknowledge, b"%d\n" % number)


def writer(path: Path, statements: int, go: int, acknowledge: int) -> None:
    """What the forked writer does, until it ends or is ended."""
    # Where only parents may trace (Yama), the tracer is our sibling.
    ctypes.CDLL(None).prctl(_PR_SET_PTRACER, _ANYBODY, 0, 0, 0)
    os.read(go, 1)
    try:
        write(path, statements, acknowledge)
    except LedgerError:
        os._exit(REFUSED_TO_WRITE)
    except BaseException:  # noqa: BLE001 - anything else must be seen as what it is
        os._exit(4)
    os._exit(0)


def run(path: Path, statements: int, call: str, fault: str, nth: int) -> tuple[int, int, bool]:
    """(acknowledged, status, whether the fault was met) of one writer."""
    ready, go = os.pipe()
    told, acknowledge = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(go)
        os.close(told)
        writer(path, statements, ready, acknowledge)
    os.close(ready)
    os.close(acknowledge)
    log = path.with_suffix(".strace")
    options = ["-e", f"trace={call}", "-e", f"inject={call}:{fault}:when={nth}"]
    tracer = traced(child, log, options)
    os.write(go, b"!")
    os.close(go)
    _, status = os.waitpid(child, 0)
    with os.fdopen(told) as pipe:
        acknowledged = len(pipe.readlines())
    tracer.wait(timeout=20)
    seen = log.read_text()
    met = "(INJECTED)" in seen or os.WIFSIGNALED(status)
    return acknowledged, status, met


def traced(child: int, log: Path, options: list[str]) -> subprocess.Popen[bytes]:
    """A tracer that has hold of the child; the program ends if there may be none."""
    tracer = subprocess.Popen(
        ["strace", "-qq", "-o", str(log), "-p", str(child), *options], stderr=subprocess.PIPE
    )
    for _ in range(20_000):
        if "TracerPid:\t0\n" not in Path(f"/proc/{child}/status").read_text():
            return tracer
        if tracer.poll() is not None:
            os.kill(child, signal.SIGKILL)
            os.waitpid(child, 0)
            print(tracer.communicate()[1].decode(), file=sys.stderr)
            raise SystemExit(MAY_NOT_TRACE)
        time.sleep(0.001)
    raise SystemExit("strace does not attach")


def aftermath(path: Path, statements: int, acknowledged: int) -> str:
    """What is wrong with the database that a disaster left behind; nothing if all is well."""
    try:
        with Ledger.open(path, clock=lambda: CLOCK) as ledger:
            report = ledger.verify()
            if report.verdict != "supported":
                return f"not verified: {report.findings[0].message}"
            if drift := ledger.check():
                return drift[0].message
            there = {lot.lot for lot in ledger.lots()}
            for number in range(acknowledged):
                if bag(number) not in there:
                    return f"{bag(number)} was acknowledged and is lost"
            if len(there) > acknowledged + 1:
                return f"{len(there)} bags are there, {acknowledged} were acknowledged"
            ledger.record([extracted("AFTERWARDS", 10_000)], KEYS[MINE])
            if ledger.verify().verdict != "supported":
                return "what was written afterwards is not verified"
    except LedgerError as error:
        return f"{error.code}: {error}"
    return ""


def campaign(folder: Path, statements: int, step: int) -> Iterator[dict[str, object]]:
    """Every call, every fault, every step-th time."""
    pristine = template(folder)
    for call in CALLS:
        for fault in FAULTS:
            nth = 1
            while True:
                path = folder / "run.db"
                shutil.copyfile(pristine, path)
                acknowledged, status, met = run(path, statements, call, fault, nth)
                if not met:
                    _clear(folder)
                    break
                wrong = aftermath(path, statements, acknowledged)
                if not wrong and os.WIFEXITED(status):
                    code = os.WEXITSTATUS(status)
                    if code not in (0, REFUSED_TO_WRITE):
                        wrong = f"the writer ended with {code}"
                    elif code == 0 and acknowledged < statements:
                        wrong = "the writer ended well without writing"
                yield {
                    "call": call,
                    "fault": fault,
                    "nth": nth,
                    "acknowledged": acknowledged,
                    "wrong": wrong,
                }
                _clear(folder)
                nth += step


def _clear(folder: Path) -> None:
    for left in folder.glob("run.*"):
        left.unlink()


if __name__ == "__main__":
    for one in campaign(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])):
        print(json.dumps(one), flush=True)
