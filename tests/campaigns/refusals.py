"""Delete every refusal, one at a time, and see whether a test notices.

    python tests/campaigns/refusals.py [--part I/N] [--tests NAMES] [--list] [FILE ...]

A refusal is a statement that yields, adds or returns a finding, or raises: without it the
rule is gone. The tests below are collected once and run twice. The first run notes which
tests reach which refusal. Then, for each refusal, a fork of this process puts the code
without it in the place of the function's own and runs those tests, the quickest first,
until one fails. Prints the survivors and the figure. Needs `os.fork`.
"""

from __future__ import annotations

import argparse
import ast
import builtins
import contextlib
import gc
import json
import os
import re
import signal
import sys
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from types import CodeType, FunctionType
from typing import Any, cast

import pytest

ROOT = Path(__file__).resolve().parents[2]
FILES = (
    *sorted((ROOT / "ledger/custody/rules").glob("*.py")),
    ROOT / "ledger/custody/registration.py",
    ROOT / "ledger/custody/statement.py",
    *sorted((ROOT / "ledger/audit").rglob("*.py")),
)
TESTS = (
    "audit_edges",
    "auditor",
    "books_details",
    "bundle",
    "caught",
    "checks_*",
    "cli_audit",
    "cli_policy",
    "cli_proofs",
    "cli_witnessed",
    "dishonest_operator",
    "domain_vectors",
    "exports_*",
    "field_copy",
    "foreign",
    "garbage",
    "interleavings",
    "lying_operator",
    "measurement",
    "memory",
    "models",
    "receipts*",
    "rules*",
    "second_tables",
    "statement",
    "witnessed",
)
FAILED = 77
"""What a fork says when a test failed; anything else that is not nought is a crash of ours."""
LONGEST = 120
"""Seconds after which a deletion counts as noticed: nothing waits for a test that hangs."""
_CODED = re.compile(r"[a-z]+\.[a-z-]+( |$)")
_MAKERS = {"Finding", "at_lot", "finding"}


@dataclass(frozen=True)
class Refusal:
    """A statement from line `first` to `last` of a file, counted from 1."""

    path: Path
    first: int
    last: int

    def __str__(self) -> str:
        return f"{self.path.relative_to(ROOT)}:{self.first}"


def refusals(path: Path) -> Iterator[Refusal]:
    """The statements of a file that refuse something, in its order."""
    tree = ast.parse(path.read_text())
    functions = [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)]
    makers = _MAKERS | {node.name for node in functions if _returns_a_finding(node)}
    # What makes the finding is not the refusal; who yields it is.
    made = {id(node.body[-1]) for node in functions if _returns_a_finding(node)}
    # Going on with another generator refuses something only where findings come out.
    idle = {
        id(node)
        for function in functions
        if function.returns is None or "Finding" not in ast.unparse(function.returns)
        for node in ast.walk(function)
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.YieldFrom)
    }
    found = [
        Refusal(path, node.lineno, node.end_lineno or node.lineno)
        for node in ast.walk(tree)
        if isinstance(node, ast.stmt) and id(node) not in made | idle and _refuses(node, makers)
    ]
    return iter(sorted(found, key=lambda one: one.first))


def _returns_a_finding(node: ast.FunctionDef) -> bool:
    return isinstance(node.returns, ast.Name) and node.returns.id == "Finding"


def _refuses(node: ast.stmt, makers: set[str]) -> bool:
    if isinstance(node, ast.Raise):
        return node.exc is not None
    if isinstance(node, ast.Return):
        return node.value is not None and (_coded(node.value) or _calls(node.value, makers))
    if isinstance(node, ast.AugAssign):
        return "finding" in ast.unparse(node.target)
    if not isinstance(node, ast.Expr):
        return False
    if isinstance(node.value, ast.YieldFrom):
        return isinstance(node.value.value, ast.Call)
    if isinstance(node.value, ast.Call) and _called(node.value) in {"_find", "add", "append"}:
        return "find" in ast.unparse(node.value.func) or _calls(node.value, makers)
    return _calls(node.value, makers)


def _coded(value: ast.expr) -> bool:
    """A text, or a pair, that begins with a code: ``mass.negative ...``."""
    first: ast.expr | None = value
    if isinstance(value, ast.JoinedStr | ast.Tuple):
        parts = value.values if isinstance(value, ast.JoinedStr) else value.elts
        first = parts[0] if parts else None
    return (
        isinstance(first, ast.Constant)
        and isinstance(first.value, str)
        and _CODED.match(first.value) is not None
    )


def _calls(value: ast.expr, makers: set[str]) -> bool:
    return any(isinstance(n, ast.Call) and _called(n) in makers for n in ast.walk(value))


def _called(call: ast.Call) -> str:
    function = call.func
    return function.attr if isinstance(function, ast.Attribute) else getattr(function, "id", "")


def without(source: str, refusal: Refusal) -> str:
    """The source with one refusal replaced; every other line keeps its number."""
    lines = source.split("\n")
    first = lines[refusal.first - 1]
    indent = first[: len(first) - len(first.lstrip())]
    # A generator must stay one, so that its callers can go on over it.
    word = "yield from ()" if "yield" in first else "pass"
    gone = [""] * (refusal.last - refusal.first)
    return "\n".join([*lines[: refusal.first - 1], indent + word, *gone, *lines[refusal.last :]])


def marked(source: str, numbers: dict[int, int]) -> str:
    """The source that calls ``reached_(number)`` on each of these lines, before all else."""
    lines = source.split("\n")
    for at, number in numbers.items():
        bare = lines[at - 1].lstrip()
        indent = lines[at - 1][: len(lines[at - 1]) - len(bare)]
        lines[at - 1] = f"{indent}reached_({number}); {bare}"
    return "\n".join(lines)


def put(path: Path, source: str) -> bool:
    """Every function of a file runs the code of this source from now on; whether it has any.

    It has none when no test has imported it.
    """
    codes: dict[tuple[str, int], CodeType] = {}
    todo = [compile(source, str(path), "exec", dont_inherit=True)]
    while todo:
        code = todo.pop()
        codes[code.co_qualname, code.co_firstlineno] = code
        todo += [each for each in code.co_consts if isinstance(each, CodeType)]
    known = [each for each in gc.get_objects() if isinstance(each, FunctionType)]
    inside = [each for each in known if each.__code__.co_filename == str(path)]
    for each in inside:
        each.__code__ = codes[each.__code__.co_qualname, each.__code__.co_firstlineno]
    return bool(inside)


def forked(work: Callable[[Callable[[Any], None]], None]) -> tuple[int, list[Any]]:
    """Do it in a fork of this process; its exit status, and what it told."""
    receiver, sender = os.pipe()
    child = os.fork()
    if not child:
        os.close(receiver)
        quiet = os.open(os.devnull, os.O_RDWR)
        for stream in (0, 1, 2):
            os.dup2(quiet, stream)
        with os.fdopen(sender, "w") as pipe:
            work(lambda said: print(json.dumps(said), file=pipe, flush=True))
        os._exit(0)
    os.close(sender)
    with os.fdopen(receiver) as pipe:
        told = [json.loads(line) for line in pipe]
    return os.waitpid(child, 0)[1], told


class Campaign:
    """A plugin of pytest that does not run the tests once but for each refusal."""

    def __init__(self, todo: list[Refusal]) -> None:
        self.todo = todo
        self.survivors: list[str] = []
        self._failed = False

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Remember a failure."""
        self._failed = self._failed or report.failed

    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        """In the place of the one run of every test."""
        items = {item.nodeid: item for item in session.items}
        cast(Any, session.config)._tmp_path_factory.getbasetemp()
        started = time.monotonic()
        reached = self._reached(items)
        say(f"{len(items)} tests run once in {time.monotonic() - started:.0f} s")
        for number, refusal in enumerate(self.todo, start=1):
            if not self._noticed(refusal, [items[name] for name in reached[number - 1]]):
                self.survivors.append(str(refusal))
                never = "" if reached[number - 1] else ", never reached"
                say(f"survived  {refusal}{never}")
            if number % 20 == 0:
                say(f"{number}/{len(self.todo)} in {time.monotonic() - started:.0f} s")
        return True

    def _reached(self, items: dict[str, pytest.Item]) -> dict[int, list[str]]:
        """The tests that come to each refusal, the quickest first, then those beside them."""
        by_file: dict[Path, dict[int, int]] = defaultdict(dict)
        for number, refusal in enumerate(self.todo):
            by_file[refusal.path][refusal.first] = number

        def work(tell: Callable[[Any], None]) -> None:
            now: set[int] = set()
            cast(Any, builtins).reached_ = now.add
            for path, numbers in by_file.items():
                put(path, marked(path.read_text(), numbers))
            for item, after in _pairs(list(items.values())):
                now.clear()
                began = time.process_time()
                item.config.hook.pytest_runtest_protocol(item=item, nextitem=after)
                tell([item.nodeid, time.process_time() - began, sorted(now), self._failed])

        _, told = forked(work)
        red = [name for name, _, _, failed in told if failed]
        if red or len(told) < len(items):
            raise SystemExit(f"a test fails without any deletion: {[*red, 'crash'][0]}")
        seconds = {name: took for name, took, _, _ in told}
        ordered: dict[int, list[str]] = defaultdict(list)
        for number in range(len(self.todo)):
            direct = [name for name, _, numbers, _ in told if number in numbers]
            # A fixture of a whole file is made in its first test, and others look at it.
            beside = {name.split("::")[0] for name in direct}
            others = [n for n in seconds if n.split("::")[0] in beside and n not in direct]
            ordered[number] = [*sorted(direct, key=seconds.get), *sorted(others, key=seconds.get)]
        return ordered

    def _noticed(self, refusal: Refusal, items: list[pytest.Item]) -> bool:
        if not items:
            return False

        def work(tell: Callable[[Any], None]) -> None:
            signal.alarm(LONGEST)
            if not put(refusal.path, without(refusal.path.read_text(), refusal)):
                raise LookupError(f"no function of {refusal.path} is here")
            for item, after in _pairs(items):
                item.config.hook.pytest_runtest_protocol(item=item, nextitem=after)
                if self._failed:
                    os._exit(FAILED)

        status = forked(work)[0]
        if status and not _failed_or_hung(status):
            raise SystemExit(f"the campaign itself fails at {refusal}: status {status}")
        return status != 0


def _pairs(items: list[pytest.Item]) -> Iterator[tuple[pytest.Item, pytest.Item | None]]:
    return zip(items, [*items[1:], None], strict=False)


def _failed_or_hung(status: int) -> bool:
    code = os.waitstatus_to_exitcode(status)
    return code in (FAILED, -signal.SIGALRM)


def say(line: str) -> None:
    """Print past pytest's capture."""
    with contextlib.suppress(BrokenPipeError):
        print(line, file=sys.__stderr__, flush=True)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--part", default="1/1", help="the I-th of N parts")
    parser.add_argument("--tests", default=",".join(TESTS), help="auditor,rules* ...; TESTS here")
    parser.add_argument("--list", action="store_true", help="print the refusals, delete none")
    parser.add_argument("files", nargs="*", type=Path)
    asked = parser.parse_args()
    part, parts = (int(number) for number in asked.part.split("/"))
    files = [path.resolve() for path in asked.files] or list(FILES)
    todo = [one for path in files for one in refusals(path)][part - 1 :: parts]
    if asked.list:
        print(*todo, f"{len(todo)} refusals", sep="\n")
        return 0
    campaign, names = Campaign(todo), asked.tests.split(",")
    tests = sorted({str(p) for name in names for p in (ROOT / "tests").glob(f"test_{name}.py")})
    options = ["-q", "-p", "no:cacheprovider", "--tb=no", "-s", f"--rootdir={ROOT}"]
    status = pytest.main([*options, *tests], plugins=[campaign])
    if status not in (pytest.ExitCode.OK, pytest.ExitCode.NO_TESTS_COLLECTED):
        return int(status)
    print(f"{len(todo) - len(campaign.survivors)} of {len(todo)} deletions were noticed")
    print(*(f"survived  {one}" for one in campaign.survivors), sep="\n")
    return 1 if campaign.survivors else 0


if __name__ == "__main__":
    raise SystemExit(main())
