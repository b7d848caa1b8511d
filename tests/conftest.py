"""What every test may rely on: steady dice, no settings from outside, and where ledgers are."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import uuid4

import pytest
from hypothesis import settings

from actors import World
from cli_place import Elsewhere

# Two slow cores must not fail a test by the clock, and a run that failed must fail again.
settings.register_profile("house", deadline=None, derandomize=True, print_blob=True, database=None)
settings.load_profile("house")


# A worker that is handed these last keeps the others waiting.
SLOW = ("sessions", "books_model", "checkpoints", "keys_model", "caught", "new_event_type", "trade")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The slow ones first, each file whole; otherwise the order stays."""
    slow = {f"test_{name}.py": place for place, name in enumerate(SLOW)}
    items.sort(key=lambda item: slow.get(item.path.name, len(slow)))


@pytest.fixture(autouse=True, scope="module")
def no_home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """What fixtures of whole modules do is remembered neither at home nor by the next module.

    Ledgers of tests are made from the same keys at the same time, so they have one id.
    """
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("ORETRAIL_STATE", str(tmp_path_factory.getbasetemp() / f"module-{uuid4()}"))
        yield


@pytest.fixture(autouse=True)
def no_settings_from_outside(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """A developer's own ledger, key or passphrase file never reaches a test.

    Nor does what he has seen of ledgers: each test has a memory of its own, in a folder that
    is made when something is remembered. It stays when a test undoes its own patches.
    """
    with pytest.MonkeyPatch.context() as patch:
        for name in [name for name in os.environ if name.startswith("ORETRAIL_")]:
            patch.delenv(name)
        patch.setenv("ORETRAIL_STATE", str(tmp_path_factory.getbasetemp() / f"seen-{uuid4()}"))
        yield


@pytest.fixture
def another_computer(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Elsewhere:
    """What is done in it is not remembered here, nor what was done here there."""

    @contextmanager
    def there() -> Iterator[None]:
        with monkeypatch.context() as patch:
            patch.setenv("ORETRAIL_STATE", str(tmp_path / "of-another-computer"))
            yield

    return there


@pytest.fixture
def url() -> Iterator[str]:
    """Where a ledger may be made in PostgreSQL."""
    import postgres_server

    with postgres_server.schema() as url:
        yield url


@pytest.fixture
def kept_at(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Path | str]:
    """Where a ledger may be made: a file, or for tests of both stores a schema."""
    if getattr(request, "param", "file") == "file":
        yield tmp_path / "ledger.db"
        return
    yield request.getfixturevalue("url")


@pytest.fixture
def world(kept_at: Path | str) -> Iterator[World]:
    """A ledger with a mine, two traders, a smelter, a laboratory, and a clock to set."""
    world = World(kept_at).settle()
    yield world
    world.ledger.close()
