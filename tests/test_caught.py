"""The example `caught` prints what its page shows."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

CAUGHT = Path(__file__).resolve().parents[1] / "examples" / "caught"


def test_the_page_shows_what_the_example_prints(tmp_path: Path) -> None:
    command = [sys.executable, CAUGHT / "build.py", tmp_path / "frauds"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    printed = "\n".join(line.rstrip() for line in done.stdout.splitlines())
    assert printed in (CAUGHT / "README.md").read_text()
    assert len(printed.splitlines()) == 28
