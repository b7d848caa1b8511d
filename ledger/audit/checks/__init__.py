"""Plausibility checks: one file each, found by the package itself. They report, never refuse.

A check states its formula, its default thresholds with their date, and its source; a policy
overrides thresholds by the check's name. `load` makes a fresh set for one audit.
"""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Mapping
from functools import cache
from typing import Any

from ...errors import ConfigError
from .base import Check

__all__ = ["CHECKS", "Check", "load"]


CHECKS: dict[str, type[Check]]
"""Name of a check -> its class."""


def __getattr__(name: str) -> Any:
    """`CHECKS`, loaded when it is asked for: most commands audit nothing."""
    if name == "CHECKS":
        return _found()
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


@cache
def _found() -> dict[str, type[Check]]:
    for module in sorted(info.name for info in pkgutil.iter_modules(__path__)):
        importlib.import_module(f"{__name__}.{module}")
    # Others look on as checks do, such as `steps.Recorder`; a check has its file here.
    here = [kind for kind in Check.__subclasses__() if kind.__module__.startswith(f"{__name__}.")]
    return dict(sorted((kind.name, kind) for kind in here))


def load(policy: Mapping[str, Mapping[str, int]] | None = None) -> list[Check]:
    """Every check, with the thresholds of `policy` (check name -> threshold -> value).

    Raises ConfigError ``policy.unknown`` for a check or threshold that does not exist.
    """
    asked = dict(policy or {})
    checks = [kind(asked.pop(name, {})) for name, kind in _found().items()]
    if asked:
        raise ConfigError(f"no check is named {min(asked)}", code="policy.unknown")
    return checks
