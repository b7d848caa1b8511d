"""One command for the whole table of speed, in Markdown and JSON.

    python tests/benchmarks/table.py                        all rows: some 12 minutes on 2 cores
    python tests/benchmarks/table.py --quick                a look: 2 rounds, a tenth of the work
    python tests/benchmarks/table.py --only verify-1        one row; the others stay as they were
    python tests/benchmarks/table.py --page specs/performance.md

Each row runs as a program of its own, and what it found is in the file before the next one
begins: stopped half way, the command goes on with the rows that are missing (`--resume`).
A row that cannot run says why; it never stops the others.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import msgspec

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))

from benchmarks.loads import Loads  # noqa: E402
from benchmarks.measure import MissingError, Result  # noqa: E402
from benchmarks.page import Machine, Table, machine, onto, table  # noqa: E402
from benchmarks.rows import ROWS  # noqa: E402
from benchmarks.scale import Scale  # noqa: E402

LIMIT = 600
"""Seconds after which a row is given up."""

QUICK = Scale(rounds=2, part=0.1)


def main() -> int:
    asked = _asked()
    scale = QUICK if asked.quick else Scale()
    if asked.row:
        sys.stdout.buffer.write(msgspec.json.encode(_row(asked.row, Path(asked.work), scale)))
        return 0
    before = _read(asked.output)
    found = dict(before.rows)
    with tempfile.TemporaryDirectory(prefix="oretrail-bench-") as own:
        work = asked.work or own
        Path(work).mkdir(exist_ok=True)
        for name in asked.only or ROWS:
            if asked.resume and name in found and not found[name].missing:
                continue
            began = time.monotonic()
            print(f"{name}: {ROWS[name][0]}", file=sys.stderr, flush=True)
            found[name] = _apart(name, work, quick=asked.quick)
            took = time.monotonic() - began
            for line in found[name].lines:
                print(f"  {line.work}: {line.value:.3g} {line.unit} {line.goal}", file=sys.stderr)
            print(f"  {found[name].missing or 'done'}, {took:.0f} s", file=sys.stderr, flush=True)
            rows = {one: found[one] for one in ROWS if one in found}
            done = Table(machine(), rows=rows)
            _write(asked.output, msgspec.json.format(msgspec.json.encode(done), indent=1) + b"\n")
            if asked.page:
                page = onto(asked.page.read_text() if asked.page.exists() else "", table(done))
                _write(asked.page, page.encode())
    if not asked.page:
        print(table(_read(asked.output)))
    return 0


def _asked() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--quick", action="store_true", help="a tenth of the work, 2 rounds")
    parser.add_argument("--only", action="append", choices=list(ROWS), help="a row; repeatable")
    parser.add_argument("--resume", action="store_true", help="leave out rows that were measured")
    parser.add_argument("-o", "--output", type=Path, default=Path("benchmarks.json"))
    parser.add_argument("--page", type=Path, help="a page whose table is replaced")
    parser.add_argument("--work", help="a folder for ledgers, kept from run to run")
    parser.add_argument("--row", choices=list(ROWS), help=argparse.SUPPRESS)
    return parser.parse_args()


def _row(name: str, work: Path, scale: Scale) -> Result:
    """A row, in this process."""
    try:
        return ROWS[name][1](Loads(work), scale)
    except MissingError as error:
        return Result(missing=str(error))
    except ImportError as error:
        return Result(missing=f"{error}: pip install -r tests/benchmarks/requirements.txt")


def _apart(name: str, work: str, *, quick: bool) -> Result:
    """A row, in a process of its own: nothing that another row did is left in its memory."""
    words = [sys.executable, str(HERE / "table.py"), "--row", name, "--work", work]
    words += ["--quick"] if quick else []
    try:
        done = subprocess.run(words, stdout=subprocess.PIPE, timeout=LIMIT, check=False)
    except subprocess.TimeoutExpired:
        return Result(missing=f"not finished after {LIMIT} seconds")
    if done.returncode:
        return Result(missing=f"it ended with exit code {done.returncode}")
    found = msgspec.json.decode(done.stdout, type=Result)
    return msgspec.structs.replace(found, quick=quick)


def _read(path: Path) -> Table:
    if not path.exists():
        return Table(Machine())
    return msgspec.json.decode(path.read_bytes(), type=Table)


def _write(path: Path, data: bytes) -> None:
    part = path.with_name(f".{path.name}.{os.getpid()}.part")
    part.write_bytes(data)
    part.replace(path)


if __name__ == "__main__":
    sys.exit(main())
