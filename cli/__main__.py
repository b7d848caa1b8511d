"""``python -m ledger.cli``: the command, where the script is not installed."""

from __future__ import annotations

from .main import main

if __name__ == "__main__":
    main()
