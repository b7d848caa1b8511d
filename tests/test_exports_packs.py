"""Law packs, the reconciliation sheet and the CMRT: every field has its entries, or is missing."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import pytest

from actors import EXPORTER, KG, MINE, SMELTER, TRADER, World
from hostile import FORMULA, chain
from ledger.audit.asked import ASKED
from ledger.audit.dossier import AUDIENCES, Dossier
from ledger.errors import ConfigError, MalformedError
from ledger.exports import cmrt, packs, rw_reconciliation
from ledger.gather import gather

openpyxl = pytest.importorskip("openpyxl")
SUBJECT = "PHONE-1"
PACKS = packs.names()


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> World:
    """Nobody may change it."""
    return chain(tmp_path_factory.mktemp("packs") / "ledger.db")


@pytest.fixture(scope="module")
def dossier(world: World) -> Dossier:
    return gather(world.ledger, [SUBJECT, "LOT-1"])


def filled(name: str, dossier: Dossier) -> Any:
    return json.loads(packs.render(packs.load(name), dossier, "json"))


def sheets(data: bytes) -> dict[str, list[tuple[Any, ...]]]:
    book = openpyxl.load_workbook(io.BytesIO(data))
    assert not [
        cell for page in book for row in page.iter_rows() for cell in row if cell.data_type == "f"
    ]
    return {page.title: list(page.iter_rows(values_only=True)) for page in book}


# ---------------------------------------------------------------- packs


@pytest.mark.parametrize("name", PACKS)
def test_every_field_has_an_answer_with_its_entries_or_is_missing(
    name: str, dossier: Dossier
) -> None:
    document = filled(name, dossier)
    missing = {(one["field"], one["subject"]) for one in document["missing"]}
    assert len(document["answers"]) == 2
    for part in document["answers"]:
        for field in part["fields"]:
            gone = (field["name"], f"lot:{part['subject']}") in missing
            assert bool(field["answers"]) is not gone, field["name"]
            assert ("missing" in field) is gone
            for answer in field["answers"]:
                assert answer["text"]
                unlinked = field["name"] in ("what is not known", "gaps")
                assert answer["entries"] or unlinked, (field["name"], answer)
                assert all(0 <= index < dossier.size for index in answer["entries"])


@pytest.mark.parametrize("name", PACKS)
def test_a_pack_is_dated_and_says_what_is_from_memory(name: str) -> None:
    pack = packs.load(name)
    assert pack.written == "2026-11-23"
    assert pack.source or all(one.sure for one in pack.field)
    assert pack.title
    assert {one.closed_by for one in pack.field} <= set(_types())


def _types() -> dict[str, Any]:
    from ledger.events import TYPES

    return TYPES


def test_every_question_is_asked_by_some_pack() -> None:
    assert {one.answer for name in PACKS for one in packs.load(name).field} - {""} == set(ASKED)


@pytest.mark.parametrize("audience", AUDIENCES)
def test_the_workbook_has_the_articles_over_the_fields(world: World, audience: str) -> None:
    view = gather(world.ledger, [SUBJECT], audience=audience)  # type: ignore[arg-type]
    pack = packs.load("eu-3tg-metals")
    pages = sheets(packs.render(pack, view, "xlsx"))
    first, second, answers = pages["declaration"][:3]
    refs = [one for one in first[1:] if one]
    assert refs == list(dict.fromkeys(one.ref for one in pack.field))
    assert len(second) == len(pack.field) + 1
    assert answers[0] == SUBJECT
    assert all(answers)
    said = {row[0] for row in pages["about"]}
    assert {"ledger", "root", "audience", "missing", "withheld", "written"} <= said
    rows = pages["evidence"][1:]
    assert {row[2] for row in rows} == {one.name for one in pack.field}
    if audience == "public":
        assert TRADER not in str(pages)
        assert "LOT-1" not in str(pages)


def test_what_the_law_asks_is_answered_from_the_chain(dossier: Dossier) -> None:
    document = filled("eu-3tg-minerals", dossier)
    told = {
        field["name"]: [answer["text"] for answer in field["answers"]]
        for field in document["answers"][0]["fields"]
    }
    assert told["country of origin of the minerals"] == [
        "RW 89.042 % of the Ta",
        "unknown 10.958 % of the Ta",
    ]
    assert told["mine of mineral origin"] == ["RW-GIH: Gihanga, RW, mine-asm"]
    (royalty,) = told["taxes, fees and royalties paid"]
    assert royalty == f"royalty for lot:BAG-1 123456 minor units of USD to {FORMULA}"
    (extraction,) = told["quantities and dates of extraction"]
    assert extraction == "RW-GIH: 84.000 kg wet in 2 lots, 2026-02-11 to 2026-02-11"
    suppliers = told["name and address of the supplier"]
    assert suppliers[0].startswith(EXPORTER)


def test_an_audit_of_the_smelter_stands_where_it_is_asked_for(tmp_path: Path) -> None:
    from actors import AUTHORITY, event

    world = chain(tmp_path / "ledger.db")
    world.record(
        event(
            "audit.reported",
            AUTHORITY,
            audit="AU-7",
            subject=f"party:{SMELTER}",
            standard="a smelter's standard",
            outcome="conformant",
            valid_from="2026-01-01",
            valid_to="2026-12-31",
        )
    )
    document = filled("eu-3tg-metals", gather(world.ledger, [SUBJECT]))
    (asked,) = (
        field
        for field in document["answers"][0]["fields"]
        if field["name"].startswith("records of third-party audits")
    )
    (answer,) = asked["answers"]
    assert answer["text"].startswith(f"audit AU-7 of party:{SMELTER} by {AUTHORITY}: conformant")
    # What is said of a lot is no audit of a smelter.
    assert "CERT-1" not in json.dumps(asked)


def test_a_pack_about_no_lot_is_refused(world: World) -> None:
    period = gather(world.ledger, period=("2026-01-01", "2027-01-01"))
    with pytest.raises(ConfigError) as refused:
        packs.render(packs.load("eu-3tg-minerals"), period, "json")
    assert refused.value.code == "export.no-subject"


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("not toml", "pack.malformed"),
        (
            'name = "other"\ntitle="t"\nlaw="l"\nversion=1\nwritten="2026-01-01"\nfield=[]',
            "is called",
        ),
        (
            'name = "p"\ntitle="t"\nlaw="l"\nversion=1\nwritten="2026-01-01"\n[[field]]\nref="a"\n'
            'name="n"\nanswer="nobody/answers"\nclosed_by="lot.declared"',
            "nobody answers",
        ),
    ],
)
def test_a_pack_that_is_none_is_refused(
    text: str, why: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "p.toml").write_text(text)
    monkeypatch.setattr(packs.resources, "files", lambda _: tmp_path)
    with pytest.raises(ConfigError) as refused:
        packs.load("p")
    assert refused.value.code == "pack.malformed"
    assert why in f"{refused.value} {refused.value.code}"


# ---------------------------------------------------------------- the reconciliation sheet


def test_a_comptoirs_sheet_adds_up(world: World) -> None:
    data = rw_reconciliation.render(gather(world.ledger, party=TRADER))
    rows = sheets(data)["reconciliation"]
    assert len(rows[0]) == 15
    *moves, last = rows[1:]
    came = sum(row[4] or 0 for row in moves)
    went = sum(row[5] or 0 for row in moves)
    lost = sum(row[12] or 0 for row in moves)
    assert round(came, 6) == 39.9 + 43.9 + 9.9
    assert round(last[4] - last[5] - lost, 6) == round(last[14], 6)
    assert last[3] == "total out does not exceed total in"
    stock = 0.0
    for row in moves:
        stock += row[13]
        assert round(stock, 6) == round(row[14], 6)
    assert came >= went


def test_the_sheet_of_nobody_is_refused(world: World) -> None:
    with pytest.raises(ConfigError) as refused:
        rw_reconciliation.render(gather(world.ledger, [SUBJECT]))
    assert refused.value.code == "export.no-party"


# ---------------------------------------------------------------- the CMRT


def template(heading: str = "Metal (*)", mines: bool = True) -> bytes:
    """A workbook in the layout that is filled in; our own, not RMI's."""
    book = openpyxl.Workbook()
    book.active.title = "Smelter List"
    columns = ["Smelter Identification Number Input Column", heading, "Smelter Look-up (*)"]
    columns += ["Smelter Name (1)", "Smelter Country (*)", "Smelter Identification", "Comments"]
    for place, text in enumerate(columns, start=1):
        book.active.cell(4, place).value = text
    book.active.cell(5, 2).value = "Tin"
    book.active.cell(1, 1).value = "=1+1"
    if mines:
        page = book.create_sheet("Mine List")
        for place, text in enumerate(("Metal (*)", "Mine Name (*)", "Country"), start=1):
            page.cell(4, place).value = text
    file = io.BytesIO()
    book.save(file)
    return file.getvalue()


def test_the_users_own_template_is_filled_and_nothing_else_changed(world: World) -> None:
    dossier = gather(world.ledger, [SUBJECT])
    data = cmrt.render(dossier, template())
    assert data == cmrt.render(dossier, template())
    book = openpyxl.load_workbook(io.BytesIO(data))
    page = book["Smelter List"]
    assert page.cell(1, 1).value == "=1+1"
    assert [page.cell(5, column).value for column in range(1, 4)] == [None, "Tin", None]
    assert page.cell(6, 2).value == "Tantalum"
    assert page.cell(6, 4).value == SMELTER
    assert "RW-GIH 89.042 %" in page.cell(6, 7).value
    assert book["Mine List"].cell(5, 2).value == "Gihanga"


def test_what_the_template_asks_and_nobody_said_is_missing(world: World) -> None:
    found = cmrt.missing(gather(world.ledger, [SUBJECT]))
    assert {one.field for one in found} == {"Smelter Street, City, Province", "Name of Mine(s)"}
    bag = cmrt.missing(gather(world.ledger, ["BAG-1"]))
    assert "Smelter Name" in {one.field for one in bag}


@pytest.mark.parametrize(
    "data", [b"", b"PK\x03\x04", b"a,b\n1,2\n", template(heading="Metall?"[1:])]
)
def test_a_template_of_another_shape_is_refused(data: bytes, world: World) -> None:
    with pytest.raises(MalformedError) as refused:
        cmrt.render(gather(world.ledger, [SUBJECT]), data)
    assert refused.value.code == "template.malformed"


def test_a_mine_has_a_sheet_too(world: World) -> None:
    data = rw_reconciliation.render(gather(world.ledger, party=MINE))
    last = sheets(data)["reconciliation"][-1]
    assert last[4] is None or last[4] == 0 or last[4] * KG == 94 * KG
