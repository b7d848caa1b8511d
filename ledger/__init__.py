"""OreTrail: prove where a mineral came from.

An append-only, signed log of mineral lots from the pit to the product; every hand-over
signed and weighed by both sides, every milligram accounted for, and evidence that somebody
who trusts none of us can check. This is the front door:

    from ledger import Workspace
    ledger = Workspace.find(Path(".")).ledger()
    ledger.verify().require()
    print(ledger.trace("PHONE-26W18").elements["Ta"].origins)

The rooms behind it: `log` (bytes and proofs), `values`, `effects`, `events` (what is
said), `custody` (the books), `audit` (answers), `exports`, `store` (the database),
`ledger.ledger` (what joins them), `workspace` and `keys`.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .audit.auditor import Auditor, Trust
    from .audit.report import Report
    from .custody.provenance import Trail
    from .custody.statement import Statement
    from .findings import Finding
    from .ledger import Ledger, Receipt
    from .log.note import Signer, Verifier
    from .workspace import Workspace

__all__ = [
    "Auditor",
    "Finding",
    "Ledger",
    "Receipt",
    "Report",
    "Signer",
    "Statement",
    "Trail",
    "Trust",
    "Verifier",
    "Workspace",
]

# Loaded when asked for, so that a command which needs one room does not pay for all.
_ROOMS = {
    "Auditor": "audit.auditor",
    "Finding": "findings",
    "Ledger": "ledger",
    "Receipt": "ledger",
    "Report": "audit.report",
    "Signer": "log.note",
    "Statement": "custody.statement",
    "Trail": "custody.provenance",
    "Trust": "audit.auditor",
    "Verifier": "log.note",
    "Workspace": "workspace",
}


def __getattr__(name: str) -> Any:
    if name not in _ROOMS:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(f".{_ROOMS[name]}", __name__), name)
