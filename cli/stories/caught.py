"""The 28 ledgers of fraud, one for each pattern F1 to F28, with the codes each must raise."""

from __future__ import annotations

from .caught_a import CAUGHT_A
from .caught_b import CAUGHT_B
from .caught_steps import Caught

__all__ = ["CAUGHT", "Caught"]

CAUGHT: dict[str, Caught] = {**CAUGHT_A, **CAUGHT_B}
"""Pattern -> its ledger."""
