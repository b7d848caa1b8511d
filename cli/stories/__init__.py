"""Stories: small supply chains with fictional parties, for `oretrail demo`, tests and timings.

A story is one file with a `STORY` (see `telling`); its name here makes it playable.
"""

from __future__ import annotations

import importlib

from .telling import Story

__all__ = ["NAMES", "find"]

NAMES = ("tantalum", "cobalt", "gold", "mica")
"""Stories that there are, by the name of their file."""


def find(name: str) -> Story:
    """The story called so; KeyError if there is none."""
    if name not in NAMES:
        raise KeyError(name)
    story: Story = importlib.import_module(f".{name}", __name__).STORY
    return story
