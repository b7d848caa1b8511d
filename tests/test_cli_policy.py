"""`verify --policy FILE`: whoever audits sets the thresholds."""

from __future__ import annotations

from pathlib import Path

import pytest

from cli_place import Place
from ledger.cli.stories.caught import CAUGHT


@pytest.fixture
def place(tmp_path: Path) -> Place:
    """A ledger of things recorded two months late."""
    CAUGHT["F8"].build("F8", tmp_path / "F8")
    return Place(tmp_path / "F8")


def test_a_policy_overrides_a_threshold(place: Place, tmp_path: Path) -> None:
    assert [one["code"] for one in place.json("verify")["findings"]] == ["recorded.late"]
    lenient = tmp_path / "lenient.toml"
    lenient.write_text('["recorded.late"]\ndays = 100\nhours = 9999\n')
    assert place.json("verify", "--policy", lenient)["findings"] == []


def test_a_policy_serves_a_list_of_entries_too(place: Place, tmp_path: Path) -> None:
    place("export", "entries", "-o", tmp_path / "e.jsonl")
    found = place.json("verify", tmp_path / "e.jsonl")["findings"]
    assert [one["code"] for one in found] == ["recorded.late"]


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ('["recorded.early"]\ndays = 1\n', "policy.unknown"),
        ('["recorded.late"]\nyears = 1\n', "policy.unknown"),
        ('["recorded.late"]\ndays = 1.5\n', "policy.malformed"),
        ("days = [", "policy.malformed"),
    ],
)
def test_a_policy_that_means_nothing_is_refused(
    place: Place, tmp_path: Path, text: str, code: str
) -> None:
    policy = tmp_path / "policy.toml"
    policy.write_text(text)
    assert place("verify", "--policy", policy, code=5).error == code
