"""A realistic trade, generated: mines, depots, smelters, makers, and frauds on request.

    workspace, injected = generate(folder, size=50_000, seed=7, frauds=100)

The same size and seed make the same ledger, byte for byte; frauds come on top of it. All
names are made up and all keys are public demo keys. Numbers follow what people in the
trade report: bags of 40 kg, 4 % of water, paper that reaches the log two days late.
"""

from __future__ import annotations

from .frauds import FRAUDS, Injected
from .generator import generate
from .recall import Recall, recall

__all__ = ["FRAUDS", "Injected", "Recall", "generate", "recall"]
