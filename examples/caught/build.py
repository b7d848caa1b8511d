"""Build the 28 ledgers of fraud below a folder, and say what the auditor finds in each.

    python examples/caught/build.py FOLDER

Each is a workspace: look into it with `oretrail --ledger FOLDER/F7 verify`.
"""

from __future__ import annotations

import sys
from pathlib import Path

from ledger.cli.stories.caught import CAUGHT


def main(folder: Path) -> None:
    """One line a pattern: its number, what was tried, the codes that give it away."""
    for pattern, fraud in CAUGHT.items():
        workspace = fraud.build(pattern, folder / pattern)
        with workspace.ledger(read_only=True) as ledger:
            report = ledger.verify(workspace.trust())
        codes = ", ".join(sorted({finding.code for finding in report.findings}))
        print(f"{pattern:4} {fraud.title:45} {report.verdict:13} {codes}")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
