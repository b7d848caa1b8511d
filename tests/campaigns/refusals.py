"""Delete every refusal, one at a time, and see whether a test notices.

    python tests/campaigns/refusals.py [--part I/N] [FILE ...]

A refusal is a statement that yields, adds or returns a finding, or raises: without it the
rule is gone. Each is replaced by `pass` in a copy of the tree, and the tests below run
against the copy until the first failure. Prints the survivors and the figure. Takes the
better part of an hour on two cores; CONTRIBUTING says when to run it.
"""

from __future__ import annotations

import argparse
import ast
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
FILES = (
    *sorted((ROOT / "ledger/custody/rules").glob("*.py")),
    ROOT / "ledger/custody/registration.py",
    ROOT / "ledger/custody/statement.py",
    *sorted((ROOT / "ledger/audit").glob("*.py")),
    *sorted((ROOT / "ledger/audit/checks").glob("*.py")),
)
# Fastest first: the vectors hold most refusals.
TESTS = (
    "tests/test_domain_vectors.py",
    "tests/test_rules.py",
    "tests/test_auditor.py",
    "tests/test_statement.py",
    "tests/test_garbage.py",
)
_CODED = re.compile(r"[a-z]+\.[a-z-]+ ")


def refusals(source: str) -> Iterator[ast.stmt]:
    """The statements of a file that refuse something."""
    for found in ast.walk(ast.parse(source)):
        refuses = (
            (isinstance(found, ast.Raise) and found.exc is not None)
            or (isinstance(found, ast.Return) and _coded(found.value))
            or (isinstance(found, ast.Expr) and _finds(found.value))
        )
        if refuses and isinstance(found, ast.stmt):
            yield found


def _coded(value: ast.expr | None) -> bool:
    parts = value.values if isinstance(value, ast.JoinedStr) else [value]
    first = parts[0] if parts else None
    return (
        isinstance(first, ast.Constant)
        and isinstance(first.value, str)
        and _CODED.match(first.value) is not None
    )


def _finds(value: ast.expr) -> bool:
    if isinstance(value, ast.YieldFrom):
        return isinstance(value.value, ast.Call)
    if isinstance(value, ast.Yield):
        return isinstance(value.value, ast.Call) and _names_a_finding(value.value)
    return isinstance(value, ast.Call) and (
        _called(value) == "_find" or any(_names_a_finding(n) for n in ast.walk(value))
    )


def _called(call: ast.expr) -> str:
    function = call.func if isinstance(call, ast.Call) else call
    return function.attr if isinstance(function, ast.Attribute) else getattr(function, "id", "")


def _names_a_finding(node: ast.AST) -> bool:
    return isinstance(node, ast.Call) and _called(node) in {
        "Finding",
        "at_lot",
        "finding",
        "_drift",
    }


def without(source: str, refusal: ast.stmt) -> str:
    """The source with one refusal replaced by `pass`."""
    lines = source.split("\n")
    first, last = refusal.lineno - 1, (refusal.end_lineno or refusal.lineno) - 1
    indent = lines[first][: refusal.col_offset]
    # A generator must stay one, so that its callers can go on over it.
    word = "yield from ()" if "yield" in lines[first] else "pass"
    return "\n".join([*lines[:first], indent + word, *lines[last + 1 :]])


def noticed(tree: Path, tests: list[str]) -> bool:
    """Whether any of the tests fails against the tree."""
    environment = {**os.environ, "PYTHONPATH": str(tree), "PYTHONDONTWRITEBYTECODE": "1"}
    run = [sys.executable, "-m", "pytest", "-q", "-x", "-p", "no:cacheprovider", *tests]
    done = subprocess.run(run, cwd=tree, env=environment, capture_output=True, check=False)
    return done.returncode != 0


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--part", default="1/1", help="the I-th of N parts")
    parser.add_argument("files", nargs="*", type=Path)
    asked = parser.parse_args()
    part, parts = (int(number) for number in asked.part.split("/"))
    files = [path.resolve() for path in asked.files] or list(FILES)
    todo = [
        (path, refusal)
        for path in files
        for refusal in sorted(refusals(path.read_text()), key=lambda found: found.lineno)
    ][part - 1 :: parts]
    survivors = []
    started = time.monotonic()
    with tempfile.TemporaryDirectory() as folder:
        tree = Path(folder) / "tree"
        skip = shutil.ignore_patterns(".git", ".venv", "__pycache__", "build", "*.egg-info")
        shutil.copytree(ROOT, tree, ignore=skip)
        tests = [name for name in TESTS if (tree / name).exists()]
        tests += sorted(str(p.relative_to(tree)) for p in (tree / "tests").glob("test_checks*.py"))
        if noticed(tree, tests):
            print("the tests fail without any deletion")
            return 2
        for number, (path, refusal) in enumerate(todo, start=1):
            target = tree / path.relative_to(ROOT)
            source = path.read_text()
            target.write_text(without(source, refusal))
            caught = noticed(tree, tests)
            target.write_text(source)
            if not caught:
                survivors.append(f"{path.relative_to(ROOT)}:{refusal.lineno}")
                print(f"survived  {survivors[-1]}", flush=True)
            if number % 20 == 0:
                print(f"{number}/{len(todo)} in {time.monotonic() - started:.0f} s", flush=True)
    print(f"{len(todo) - len(survivors)} of {len(todo)} deletions were noticed")
    return 1 if survivors else 0


if __name__ == "__main__":
    raise SystemExit(main())
