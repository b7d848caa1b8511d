"""The rules of the house, and the proof that each of them bites.

Every check takes a tree of files and returns complaints. It is run twice: on the
project, where it must return none, and on a planted mistake, where it must return one.
Who may import whom is written in pyproject.toml and read by import-linter.
"""

from __future__ import annotations

import ast
import re
import subprocess
import sys
import tomllib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent

# The rooms that may touch the clock, the disk and the network; all others are pure.
DOORS = {
    "service",
    "field",
    "workspace",
    "ledger",
    "store",
    "keys",
    "config",
    "remote",
    "mirror",
    "memory",
}


# ---------------------------------------------------------------- what is looked at


@dataclass(frozen=True)
class Tree:
    """Files by their path from the top, as they would be committed."""

    files: dict[str, str]

    @cached_property
    def python(self) -> dict[str, ast.Module]:
        return {path: ast.parse(text) for path, text in self.files.items() if path.endswith(".py")}

    def shipped(self, *folders: str) -> Iterator[tuple[str, ast.Module]]:
        for path, tree in self.python.items():
            if path.partition("/")[0] in folders:
                yield path, tree

    @cached_property
    def rooms(self) -> set[str]:
        return {p.split("/")[1].removesuffix(".py") for p in self.python if p.startswith("ledger/")}


def paths() -> list[str]:
    """Committed paths; outside of a checkout (an unpacked archive), all that are there."""
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=False)
    if (ROOT / ".git").exists() and listed.returncode == 0:
        found = listed.stdout.decode().split("\0")
        return [path for path in found if path and (ROOT / path).is_file()]
    walked = (path.relative_to(ROOT) for path in ROOT.rglob("*") if path.is_file())
    made = re.compile(r"(^|/)(\.(?!ci/|github/)[^/]*|__pycache__|build|dist|[^/]*\.egg-info)/")
    return [path.as_posix() for path in walked if not made.search(path.as_posix())]


@cache
def project() -> Tree:
    return Tree({p: (ROOT / p).read_bytes().decode("utf-8", "replace") for p in paths()})


def names_of(module: str) -> list[str]:
    """A module's path from the top of the library: `ledger/log/note.py` is `log`, `note`."""
    parts = module.removesuffix(".py").split("/")[1:]
    return parts[:-1] if parts[-1] == "__init__" else parts


def imports(path: str, tree: ast.Module) -> Iterator[tuple[int, str, list[str]]]:
    """Every import as (line, absolute module, names taken from it)."""
    package = path.split("/")[:-1]
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield node.lineno, alias.name, []
        elif isinstance(node, ast.ImportFrom):
            base = package[: len(package) - node.level + 1] if node.level else []
            if node.level > len(package):
                base = ["(outside)"]
            module = ".".join([*base, *([node.module] if node.module else [])])
            yield node.lineno, module, [alias.name for alias in node.names]


# ---------------------------------------------------------------- the rules


def the_library_does_not_know_its_own_name(tree: Tree) -> Iterator[str]:
    for path, module in tree.shipped("ledger"):
        for node in ast.walk(module):
            if isinstance(node, ast.Import):
                names = [alias.name for alias in node.names]
            elif isinstance(node, ast.ImportFrom) and node.level == 0:
                names = [node.module or ""]
            else:
                continue
            if any(name.split(".")[0] in {"ledger", "cli", "oretrail"} for name in names):
                yield f"{path}:{node.lineno}: imports inside ledger/ are relative"


def the_command_names_itself_relatively_and_the_library_as_ledger(tree: Tree) -> Iterator[str]:
    for path, module in tree.shipped("cli"):
        for line, name, taken in imports(path, module):
            head, *rest = name.split(".")
            absolute_self = head == "ledger" and (rest[:1] == ["cli"] or "cli" in taken)
            if absolute_self or head == "(outside)":
                yield f"{path}:{line}: cli/ imports its own modules relatively, others as ledger.x"
        for node in ast.walk(module):
            if isinstance(node, ast.ImportFrom) and not node.level and node.module:
                if node.module.split(".")[0] == "cli":
                    yield f"{path}:{node.lineno}: no installed package is called cli"


def no_room_goes_through_the_front_door(tree: Tree) -> Iterator[str]:
    for path, module in tree.shipped("ledger"):
        for line, name, taken in imports(path, module):
            if name == "ledger" and path != "ledger/__init__.py" and not set(taken) <= tree.rooms:
                yield f"{path}:{line}: take {taken} from its room, not from the front door"


def an_event_imports_values_effects_and_its_base_only(tree: Tree) -> Iterator[str]:
    ours = ("ledger.values", "ledger.effects", "ledger.events.base")
    for path, module in tree.shipped("ledger"):
        if not path.startswith("ledger/events/") or names_of(path) in (
            ["events"],
            ["events", "base"],
        ):
            continue
        for line, name, taken in imports(path, module):
            if name.split(".")[0] != "ledger":
                continue
            wanted = [name] if name in ours else [f"{name}.{one}" for one in taken]
            for one in wanted:
                if not any(one == room or one.startswith(room + ".") for room in ours):
                    yield f"{path}:{line}: an event may not import {one}"


def nothing_is_asserted_in_shipped_code(tree: Tree) -> Iterator[str]:
    for path, module in tree.shipped("ledger", "cli"):
        for node in ast.walk(module):
            if isinstance(node, ast.Assert):
                yield f"{path}:{node.lineno}: `python -O` deletes an assert; raise an error"


def nothing_broad_is_caught(tree: Tree) -> Iterator[str]:
    for path, module in tree.shipped("ledger", "cli"):
        for node in ast.walk(module):
            if not isinstance(node, ast.ExceptHandler):
                continue
            caught = node.type.elts if isinstance(node.type, ast.Tuple) else [node.type]
            names = {ast.unparse(one) if one else "everything" for one in caught}
            ends_in_raise = isinstance(node.body[-1], ast.Raise) and node.body[-1].exc is None
            if names == {"BaseException"} and ends_in_raise:
                continue  # tidies up and lets go
            if names & {"everything", "Exception", "BaseException"}:
                yield f"{path}:{node.lineno}: catches {', '.join(names)}; name the errors"


def pure_rooms_read_no_clock_and_no_file(tree: Tree) -> Iterator[str]:
    for path, module in tree.shipped("ledger"):
        if not names_of(path) or names_of(path)[0] in DOORS:
            continue
        own = {node.name for node in module.body if isinstance(node, ast.FunctionDef)}
        for node in ast.walk(module):
            if not isinstance(node, ast.Call):
                continue
            called = ast.unparse(node.func)
            clock = re.search(r"(^|\.)(datetime|date)\.(now|utcnow|today)$", called)
            machine = {"open", "io.open", "print", "input", "breakpoint", "eval", "exec"} - own
            if clock or called in machine:
                yield f"{path}:{node.lineno}: a pure room calls {called}()"


def no_file_is_two_rooms(tree: Tree) -> Iterator[str]:
    for path in tree.python:
        # The second verifier is one file on purpose: whoever doubts the rest carries it alone.
        most = 4_000 if path == "specs/verify.py" else 600
        lines = tree.files[path].count("\n")
        if lines > most:
            yield f"{path}: {lines} lines, more than {most}"


def names_are_the_words_of_the_field(tree: Tree) -> Iterator[str]:
    empty = re.compile(r"validat|manager(?!ial)|helper|utils?(?![a-z])", re.IGNORECASE)
    for path, module in tree.shipped("ledger", "cli", "specs", "examples"):
        if empty.search(Path(path).stem):
            yield f"{path}: a name that says nothing"
        for node in ast.walk(module):
            match node:
                case ast.FunctionDef(name=name) | ast.ClassDef(name=name) | ast.arg(arg=name):
                    pass
                case ast.Name(id=name, ctx=ast.Store()) | ast.Attribute(attr=name, ctx=ast.Store()):
                    pass
                case _:
                    continue
            if empty.search(name):
                yield f"{path}:{node.lineno}: {name} says nothing"


def every_package_is_shipped(tree: Tree) -> Iterator[str]:
    table = tomllib.loads(tree.files["pyproject.toml"])["tool"]["setuptools"]
    folders = {path.rpartition("/")[0] for path in tree.python if path.endswith("/__init__.py")}
    here = {f.replace("/", ".") for f in folders if f.split("/")[0] == "ledger"}
    here |= {f"ledger.{f.replace('/', '.')}" for f in folders if f.split("/")[0] == "cli"}
    for name in sorted(here - set(table["packages"])):
        yield f"pyproject.toml: {name} is not in packages and would be missing from the wheel"
    for path, _ in tree.shipped("ledger", "cli"):
        if path.rpartition("/")[0] not in folders:
            yield f"{path}: its folder has no __init__.py and would be missing from the wheel"


def shipped_code_imports_declared_packages_only(tree: Tree) -> Iterator[str]:
    table = tomllib.loads(tree.files["pyproject.toml"])["project"]
    extras = table["optional-dependencies"]
    declared = table["dependencies"] + [
        one for name in ("server", "postgres", "cluster", "exports") for one in extras.get(name, ())
    ]
    known = {re.split(r"[\[<>=!~]", one)[0].replace("-", "_") for one in declared}
    known |= {"ledger", "cli", *sys.stdlib_module_names}
    for path, module in tree.shipped("ledger", "cli"):
        for line, name, _ in imports(path, module):
            if name.split(".")[0] not in known:
                yield f"{path}:{line}: {name} is not a declared dependency"


def no_file_names_a_registry_or_a_machine(tree: Tree) -> Iterator[str]:
    hosts = r"pypi\.org|pythonhosted\.org|npmjs\.(?:org|com)|debian\.org|crates\.io|rubygems\.org"
    machine = r"(?<![\w.])/(?:root|home|Users|work|opt|mnt)/\w|[A-Z]:\\+Users\b|\.\./shared\b"
    for path, text in tree.files.items():
        for number, line in enumerate(text.split("\n"), 1):
            if found := re.search(hosts, line):
                yield f"{path}:{number}: names a package registry ({found[0]})"
            if found := re.search(machine, line):
                yield f"{path}:{number}: names a place on one machine ({found[0]})"


def there_is_no_lock_file(tree: Tree) -> Iterator[str]:
    for path in tree.files:
        if re.search(r"(\.lock|-lock\.(json|ya?ml)|go\.sum|shrinkwrap\.json)$", path):
            yield f"{path}: a lock file holds the addresses of one registry"


# ---------------------------------------------------------------- held, and biting

Rule = Callable[[Tree], Iterator[str]]

# Each rule with files that break it, one complaint expected of each.
PLANTED: list[tuple[Rule, dict[str, str]]] = [
    (the_library_does_not_know_its_own_name, {"ledger/a.py": "from ledger.log import note"}),
    (the_library_does_not_know_its_own_name, {"ledger/a.py": "import ledger.log"}),
    (
        the_command_names_itself_relatively_and_the_library_as_ledger,
        {
            "cli/a.py": "from ledger.cli import output",
            "cli/b.py": "from ..errors import LedgerError",
            "cli/c.py": "from cli.output import say",
            "cli/d.py": "from ledger import cli",
        },
    ),
    (
        no_room_goes_through_the_front_door,
        {"ledger/store/a.py": "from .. import Ledger", "ledger/b.py": "from . import Ledger"},
    ),
    (
        an_event_imports_values_effects_and_its_base_only,
        {
            "ledger/events/lot_split.py": "from .lot_weighed import LotWeighed",
            "ledger/events/lot_sold.py": "from . import lot_split",
            "ledger/events/lot_lent.py": "from ..custody.books import Books",
            "ledger/events/lot_lost.py": "from .. import custody",
        },
    ),
    (nothing_is_asserted_in_shipped_code, {"ledger/a.py": "assert 1", "cli/b.py": "assert 1"}),
    (
        nothing_broad_is_caught,
        {
            "ledger/a.py": "try: pass\nexcept Exception: pass",
            "ledger/b.py": "try: pass\nexcept: pass",
            "cli/c.py": "try: pass\nexcept (OSError, Exception): raise",
            "cli/d.py": "try: pass\nexcept BaseException: pass",
        },
    ),
    (
        pure_rooms_read_no_clock_and_no_file,
        {
            "ledger/audit/a.py": "import datetime\ndatetime.datetime.now()",
            "ledger/custody/b.py": "date.today()",
            "ledger/log/c.py": "open('x')",
            "ledger/exports/d.py": "print(1)",
        },
    ),
    (no_file_is_two_rooms, {"ledger/a.py": "pass\n" * 601, "tests/b.py": "pass\n" * 601}),
    (
        names_are_the_words_of_the_field,
        {
            "ledger/a.py": "def validate_lot(): pass",
            "ledger/b.py": "class KeyManager: pass",
            "cli/c.py": "def f(helper): pass",
            "cli/utils.py": "",
            "ledger/d.py": "x_helpers = 1",
            "ledger/e.py": "class LotUtils: pass",
        },
    ),
    (
        every_package_is_shipped,
        {
            "ledger/a/__init__.py": "",
            "cli/b/__init__.py": "",
            "ledger/c/d.py": "",
            "pyproject.toml": "[tool.setuptools]\npackages = []",
        },
    ),
    (
        shipped_code_imports_declared_packages_only,
        {
            "ledger/a.py": "import requests",
            "pyproject.toml": "[project]\ndependencies = ['a-b>=1']\n"
            "[project.optional-dependencies]\nserver=[]\npostgres=[]\nexports=[]",
        },
    ),
    (
        no_file_names_a_registry_or_a_machine,
        {
            "README.md": "see files." + "pythonhosted" + ".org",
            "specs/a.md": "cd /" + "home/me",
            "b.toml": "'C:\\" + "Users\\me'",
            "c": ".." + "/shared/design",
        },
    ),
    (there_is_no_lock_file, {"uv.lock": "", "package-lock.json": "", "a/pnpm-lock.yaml": ""}),
]

# What looks like a mistake and is none.
INNOCENT: list[tuple[Rule, dict[str, str]]] = [
    (the_library_does_not_know_its_own_name, {"ledger/a.py": "from .ledger import Ledger"}),
    (
        the_command_names_itself_relatively_and_the_library_as_ledger,
        {"cli/a.py": "from .output import say\nfrom ledger.errors import LedgerError"},
    ),
    (
        no_room_goes_through_the_front_door,
        {
            "ledger/store/a.py": "from .. import errors",
            "ledger/errors.py": "",
            "ledger/__init__.py": "from .ledger import Ledger",
        },
    ),
    (
        an_event_imports_values_effects_and_its_base_only,
        {
            "ledger/events/lot_split.py": "import msgspec\nfrom ..values import Mass\n"
            "from ..effects import Flow\nfrom .base import Event\nfrom .. import values",
            "ledger/events/__init__.py": "from . import lot_split",
            "ledger/events/base.py": "from ..errors import MalformedError",
        },
    ),
    (
        nothing_broad_is_caught,
        {"ledger/a.py": "try: pass\nexcept BaseException:\n    f()\n    raise"},
    ),
    (
        pure_rooms_read_no_clock_and_no_file,
        {
            "ledger/log/note.py": "def open(data): pass\nopen(b'')",
            "ledger/store/a.py": "open('x')",
            "ledger/log/checkpoint.py": "note.open(b'')",
        },
    ),
    (
        names_are_the_words_of_the_field,
        {"ledger/a.py": "valid_until = utilisation = future_utility = 1"},
    ),
]


RULES = list(dict.fromkeys(rule for rule, _ in PLANTED))


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.__name__)
def test_the_house_keeps_its_rule(rule: Rule) -> None:
    assert list(rule(project())) == []


@pytest.mark.parametrize(("rule", "files"), PLANTED, ids=lambda v: getattr(v, "__name__", ""))
def test_a_planted_mistake_is_noticed_in_every_file(rule: Rule, files: dict[str, str]) -> None:
    complaints = list(rule(Tree(files)))
    guilty = set(files)
    if "pyproject.toml" in files:
        guilty.remove("pyproject.toml")
    missed = {p for p in guilty if not any(p in c or named(p) in c for c in complaints)}
    assert missed == set()


def named(path: str) -> str:
    """The package that an `__init__.py` makes, as pyproject.toml would list it."""
    package = path.removesuffix("/__init__.py").replace("/", ".")
    return (package if package.startswith("ledger") else f"ledger.{package}") + " "


@pytest.mark.parametrize(("rule", "files"), INNOCENT, ids=lambda v: getattr(v, "__name__", ""))
def test_what_only_looks_like_a_mistake_is_let_pass(rule: Rule, files: dict[str, str]) -> None:
    assert list(rule(Tree(files))) == []


# ---------------------------------------------------------------- who may import whom


def lint_imports(root: Path) -> str:
    run = "from importlinter.cli import lint_imports_command as run; run()"
    ended = subprocess.run(
        [sys.executable, "-c", run, "--no-cache"],
        cwd=root,
        capture_output=True,
        text=True,
        check=False,
    )
    return re.sub("\x1b\\[[0-9;]*m", "", ended.stdout + ended.stderr)


def test_imports_point_down() -> None:
    report = lint_imports(ROOT)
    assert " 0 broken." in report, report


# Contract -> imports that break it, as `importer -> imported`.
UPWARD = {
    "storeys": ["ledger.values -> ledger.effects", "ledger.custody.rules -> ledger.audit.checks"],
    "command": ["ledger.service.app -> cli.main"],
    "log": ["ledger.log.tiles -> ledger.findings"],
    "primitives": ["ledger.log.merkle -> ledger.log.note"],
    "auditor": ["ledger.audit.auditor -> ledger.store.entries"],
    "keys": ["ledger.keys -> ledger.effects"],
    "sqlalchemy": ["ledger.workspace -> sqlalchemy", "cli.main -> sqlite3"],
    "click": ["ledger.exports.csv -> click"],
    "starlette": ["cli.main -> starlette"],
    "cryptography": ["ledger.log.note -> cryptography", "ledger.custody.rules -> bcrypt"],
    "purity": [
        "ledger.log.canonical -> os",
        "ledger.events.base -> time",
        "ledger.errors -> random",
    ],
}
DOWNWARD = [
    "cli.main -> click",
    "cli.main -> ledger.ledger",
    "ledger.ledger -> ledger.store.entries",
    "ledger.ledger -> secrets",
    "ledger.store.entries -> sqlalchemy",
    "ledger.store.entries -> ledger.custody.rules",
    "ledger.keys -> cryptography",
    "ledger.keys -> ledger.log.ed25519",
    "ledger.log.ed25519 -> cryptography",
    "ledger.log.checkpoint -> ledger.log.merkle",
    "ledger.log.checkpoint -> ledger.log.note",
    "ledger.service.app -> starlette",
    "ledger.audit.auditor -> ledger.custody.rules",
]


def build(root: Path, arrows: list[str]) -> None:
    (root / "pyproject.toml").write_bytes((ROOT / "pyproject.toml").read_bytes())
    bare = ["ledger.errors", "ledger.findings", "ledger.effects", "ledger.audit.checks", "cli.main"]
    bare += ["ledger.log.note", "ledger.log.merkle", "ledger.log.ed25519", "ledger.store.entries"]
    for arrow in [f"{module} -> __future__" for module in bare] + arrows:
        importer, _, imported = arrow.partition(" -> ")
        file = root / (importer.replace(".", "/") + ".py")
        file.parent.mkdir(parents=True, exist_ok=True)
        for folder in file.relative_to(root).parents[:-1]:
            (root / folder / "__init__.py").touch()
        with file.open("a") as lines:
            lines.write(f"import {imported}\n")


def test_the_arrows_we_draw_are_allowed(tmp_path: Path) -> None:
    build(tmp_path, DOWNWARD)
    report = lint_imports(tmp_path)
    assert " 0 broken." in report, report


def test_every_arrow_that_points_up_breaks_its_contract(tmp_path: Path) -> None:
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]
    names = {contract["id"]: contract["name"] for contract in contracts["contracts"]}
    assert set(UPWARD) == set(names)
    build(tmp_path, [arrow for arrows in UPWARD.values() for arrow in arrows])
    report = re.sub(r"\s+", " ", lint_imports(tmp_path))
    for contract, arrows in UPWARD.items():
        assert f"{names[contract]} BROKEN" in report
        for arrow in arrows:
            assert f"{arrow} (l." in report, arrow


def test_a_room_without_a_storey_is_noticed(tmp_path: Path) -> None:
    build(tmp_path, ["ledger.attic -> ledger.errors"])
    assert "- ledger.attic" in lint_imports(tmp_path)
