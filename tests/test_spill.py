"""A dictionary whose older items lie in a file is a dictionary."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from ledger.audit import checks, spill
from ledger.audit.auditor import Auditor
from ledger.audit.report import Report
from ledger.audit.spill import Spill
from ledger.cli.stories.caught import CAUGHT
from ledger.custody import packed
from ledger.custody.books import Lot
from ledger.errors import StorageError

NAMES = st.sampled_from(["", "a", "b", "c", "d", "e", "A", "ä", "a ", "a\x00", "b\n"])


class SpillMachine(RuleBasedStateMachine):
    """The same is done to a dictionary; there is room for two items near."""

    def __init__(self) -> None:
        super().__init__()
        self.real: Spill[list[tuple[str, int]]] = Spill(list[tuple[str, int]], room=2)
        self.model: dict[str, list[tuple[str, int]]] = {}

    @rule(name=NAMES, value=st.integers(-(2**63), 2**63 - 1))
    def put(self, name: str, value: int) -> None:
        self.real[name] = self.model[name] = [(name, value)]

    @rule(name=NAMES, value=st.integers(0, 9))
    def add(self, name: str, value: int) -> None:
        for one in (self.real, self.model):
            one[name] = [*one.get(name, []), ("more", value)]

    @rule(name=NAMES)
    def take(self, name: str) -> None:
        assert self.real.pop(name, None) == self.model.pop(name, None)

    @rule(name=NAMES)
    def remove(self, name: str) -> None:
        if name in self.model:
            del self.real[name], self.model[name]
        for ask in (self.real.__getitem__, self.real.__delitem__, self.real.pop):
            with pytest.raises(KeyError):
                ask(name)

    @rule(name=NAMES)
    def ask(self, name: str) -> None:
        assert (name in self.real) == (name in self.model)
        assert self.real.get(name) == self.model.get(name)

    @invariant()
    def the_same(self) -> None:
        assert len(self.real) == len(self.model)
        assert dict(self.real) == self.model
        assert len(self.real._near) <= 2


TestSpill = SpillMachine.TestCase


def test_a_short_one_has_no_file() -> None:
    few: Spill[str] = Spill(str, room=3)
    few.update({"a": "1", "b": "2", "c": "3"})
    assert few._file is None
    few["d"] = "4"
    assert few._file is not None
    assert dict(few) == {"a": "1", "b": "2", "c": "3", "d": "4"}


def test_a_disk_that_is_full_is_one_clear_error() -> None:
    full: Spill[bytes] = Spill(bytes, room=1)
    full.update({"a": b"", "b": b"", "c": b""})
    assert full._file is not None
    full._file.execute("PRAGMA max_page_count = 3")
    with pytest.raises(StorageError) as caught:
        full.update({f"{name}": bytes(4000) for name in range(9)})
    assert caught.value.code == "storage.full"


@pytest.mark.parametrize("pattern", ["F3", "F4", "F8", "F13", "F25"])
def test_an_audit_with_no_room_finds_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, pattern: str
) -> None:
    def audited() -> tuple[Report, list[tuple[str, Lot]]]:
        auditor = Auditor(workspace.trust(), checks=checks.load())
        with workspace.ledger(read_only=True) as ledger:
            auditor.feed(ledger.sources())
        lots = auditor.books.lots
        assert len(lots) == len(list(lots))
        return auditor.finish(), sorted((name, lots[name]) for name in lots)

    workspace = CAUGHT[pattern].build(pattern, tmp_path / pattern)
    wide = audited()
    assert {one.code for one in wide[0].findings} == set(CAUGHT[pattern].codes)
    monkeypatch.setattr(spill, "ROOM", 0)
    monkeypatch.setattr(packed, "_WARM", 0)
    assert audited() == wide
