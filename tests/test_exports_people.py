"""Tables, workbook, reports and audiences: what people open, from a chain full of traps."""

from __future__ import annotations

import csv
import io
import json
import re
import shutil
import socketserver
import subprocess
import threading
import zipfile
from collections.abc import Iterator
from decimal import Decimal
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import msgspec
import pytest

from actors import EXPORTER, KG, MINE, TRADER, World
from hostile import FORMULA, HOSTILE, HTML, chain
from ledger.audit.audience import for_audience
from ledger.audit.dossier import AUDIENCES, Dossier, Folder
from ledger.audit.flowmap import flowmap, svg
from ledger.audit.tables import TABLES, decimal
from ledger.errors import UnknownError
from ledger.exports import csv as csv_format
from ledger.exports import report_html, report_pdf, xlsx
from ledger.gather import gather

BILLION = 1_000_000_000
SUBJECT = "PHONE-1"


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> World:
    """Nobody may change it."""
    return chain(tmp_path_factory.mktemp("hostile") / "ledger.db")


@pytest.fixture(scope="module", params=AUDIENCES)
def dossier(request: pytest.FixtureRequest, world: World) -> Dossier:
    return gather(world.ledger, [SUBJECT], audience=request.param)


def everything(dossier: Dossier) -> str:
    """All that a format could get to see, as text."""
    parts: list[Any] = [dossier.trails, dossier.parties, dossier.sites, list(dossier.steps())]
    return json.dumps([msgspec.to_builtins(one) for one in parts])


def tables(dossier: Dossier) -> dict[str, list[dict[str, str]]]:
    folder = csv_format.render(dossier)
    assert isinstance(folder, Folder)
    found = {}
    for name, content in folder.files:
        data = content if isinstance(content, bytes) else b"".join(content)
        if name.endswith(".csv"):
            text = data.decode("utf-8-sig")
            found[name.removesuffix(".csv")] = list(csv.DictReader(io.StringIO(text, newline="")))
    return found


# ---------------------------------------------------------------- audiences


def test_an_authority_sees_everything_and_is_told_so(world: World) -> None:
    full = gather(world.ledger, [SUBJECT])
    assert full.withheld == {}
    assert full.sources is not None
    assert [index for index, _ in full.sources()] == list(range(full.size))
    assert {TRADER, EXPORTER, "123456", "miner-7"} <= set(re.findall(r"[\w.-]+", everything(full)))


def test_a_customer_sees_no_trader_no_sum_and_no_complainant(world: World) -> None:
    view = gather(world.ledger, [SUBJECT], audience="customer")
    seen = everything(view)
    assert TRADER not in seen
    # Who handed the lot to the maker is upstream of the subject's own hand-overs here.
    assert EXPORTER not in seen
    assert "123456" not in seen
    assert "miner-7" not in seen
    assert MINE in seen
    assert {"trader-1", "trader-2"} <= set(view.parties)
    assert view.withheld["parties"] == 2
    assert view.withheld["amount"] == 1
    assert view.withheld["entries"] == view.size
    assert view.sources is None


def test_the_public_sees_shares_and_grievances_but_no_lot_and_no_weight(world: World) -> None:
    view = gather(world.ledger, [SUBJECT], audience="public")
    seen = everything(view)
    for hidden in (TRADER, EXPORTER, MINE, "BAG-1", "LOT-1", "123456", "miner-7"):
        assert hidden not in seen, hidden
    assert list(view.steps()) == []
    full = gather(world.ledger, [SUBJECT]).trail
    assert view.trail.elements == full.elements
    assert [one.incident for one in view.trail.incidents] == ["INC-1"]
    assert [gap.code for gap in view.trail.gaps] == [gap.code for gap in full.gaps]
    assert view.withheld["lots"] == len(full.lots)
    assert view.withheld["hand-overs"] == len(full.transfers)
    assert view.withheld["findings"] == len(full.findings)


def test_the_same_party_has_one_number_in_every_field_and_message(world: World) -> None:
    full = gather(world.ledger, [SUBJECT])
    view = for_audience(full, "customer")
    both = zip(full.trail.transfers, view.trail.transfers, strict=True)
    names = {one.giver: other.giver for one, other in both}
    assert names[TRADER] != names[EXPORTER]
    assert names[MINE] == MINE
    steps = {one.index: one.by for one in view.steps()}
    assert {steps[one.index] for one in full.steps() if one.by == TRADER} == {names[TRADER]}


def test_a_party_whose_report_it_is_is_named(world: World) -> None:
    view = gather(world.ledger, party=EXPORTER, audience="customer")
    assert view.subjects == ("LOT-1",)
    assert EXPORTER in view.parties
    assert view.party == EXPORTER


def test_a_party_that_is_not_here_is_refused(world: World) -> None:
    with pytest.raises(UnknownError, match="party"):
        gather(world.ledger, party="nobody.example")


def test_a_period_holds_what_happened_in_its_days(world: World) -> None:
    whole = list(gather(world.ledger, period=("2026-02-11", "2026-02-12")).steps())
    assert {one.type for one in whole} >= {"lot.extracted", "custody.received", "product.made"}
    assert list(gather(world.ledger, period=("2026-02-12", "")).steps()) == []
    assert [one.index for one in whole] == sorted(one.index for one in whole)
    by_subject = {one.index: one for one in gather(world.ledger, [SUBJECT]).steps()}
    for one in whole:
        if one.index in by_subject:
            there = by_subject[one.index]
            assert (one.filled, one.moved, one.lost) == (there.filled, there.moved, there.lost)
            assert one.signers == there.signers
            assert one.recorded_at == there.recorded_at


# ---------------------------------------------------------------- tables


def test_the_masses_of_the_tables_add_up(world: World) -> None:
    found = tables(gather(world.ledger, [SUBJECT]))
    assert sum(Decimal(row["share_percent"]) for row in found["shares"]) == 100
    of = {row["lot"]: Decimal(row["mass_kg"]) for row in found["lots"]}
    into = {row["target"]: Decimal(0) for row in found["flows"]}
    for row in found["flows"]:
        into[row["target"]] += Decimal(row["mass_kg"])
    assert all(of[lot] == mass for lot, mass in into.items())
    gone = sum(Decimal(row["mass_kg"]) for row in found["losses"])
    assert Decimal(into["POWDER-1"]) + gone == 93
    for row in found["transfers"]:
        sent, received = Decimal(row["sent_kg"]), Decimal(row["received_kg"])
        assert received - sent == Decimal(row["difference_kg"])
        assert row["outcome"] == "received"


def test_what_is_still_on_the_way_stands_among_the_hand_overs(tmp_path: Path) -> None:
    from actors import dispatched, extracted

    world = World(tmp_path / "l.db").settle()
    world.record(extracted("BAG-1"))
    world.record(dispatched("BAG-1"))
    (row,) = tables(gather(world.ledger, ["BAG-1"]))["transfers"]
    assert (row["outcome"], row["sent_kg"], row["received_kg"]) == ("on the way", "45.000000", "")


def test_every_row_has_a_cell_for_every_column(dossier: Dossier) -> None:
    for name, rows in tables(dossier).items():
        expected = {column.name for column in TABLES[name].columns}
        for row in rows:
            assert set(row) == expected
            assert None not in row.values()


def test_no_cell_of_a_csv_begins_like_a_formula(dossier: Dossier) -> None:
    count = 0
    for rows in tables(dossier).values():
        for row in rows:
            for name, cell in row.items():
                if cell[:1] in "=+-@|%\t\r" and cell:
                    assert re.fullmatch(r"-?\d+(\.\d+)?", cell), (name, cell)
                count += cell.startswith("'")
    if dossier.audience == "authority":
        assert count >= 4


@pytest.mark.parametrize(
    ("text", "inert"),
    [
        ("=1", "'=1"),
        (" =1", "' =1"),
        ("\u200b=1", "'\u200b=1"),
        ("＝1", "'＝1"),
        ("@x", "'@x"),
        ("%x", "'%x"),
        ("a=1", "a=1"),
        ("", ""),
        ("  ", "  "),
    ],
)
def test_a_text_is_made_inert(text: str, inert: str) -> None:
    assert csv_format.inert(text) == inert


@pytest.mark.parametrize(
    ("value", "places", "text"),
    [
        (0, 6, "0.000000"),
        (-1, 6, "-0.000001"),
        (45_000_000, 6, "45.000000"),
        (BILLION, 7, "100.0000000"),
    ],
)
def test_a_decimal_is_exact(value: int, places: int, text: str) -> None:
    assert decimal(value, places) == text


# ---------------------------------------------------------------- the workbook

_SHEET = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"


def cells(data: bytes) -> Iterator[tuple[str, ElementTree.Element]]:
    with zipfile.ZipFile(io.BytesIO(data)) as book:
        for name in book.namelist():
            if name.startswith("xl/worksheets/sheet"):
                for cell in ElementTree.fromstring(book.read(name)).iter(f"{_SHEET}c"):
                    yield name, cell


def test_no_cell_of_the_workbook_is_a_formula_or_a_link(dossier: Dossier) -> None:
    data = xlsx.render(dossier)
    found = list(cells(data))
    assert len(found) > 50
    assert not [cell for _, cell in found if cell.find(f"{_SHEET}f") is not None]
    with zipfile.ZipFile(io.BytesIO(data)) as book:
        assert b"hyperlink" not in b"".join(book.read(name) for name in book.namelist())


def test_the_workbook_keeps_texts_as_texts_and_masses_as_numbers(world: World) -> None:
    data = xlsx.render(gather(world.ledger, [SUBJECT]))
    with zipfile.ZipFile(io.BytesIO(data)) as book:
        shared = ElementTree.fromstring(book.read("xl/sharedStrings.xml"))
        texts = ["".join(one.itertext()) for one in shared]
    assert {HTML, FORMULA, "+1+1"} <= set(texts)
    numbers = {cell.findtext(f"{_SHEET}v") for _, cell in cells(data) if cell.get("t") != "s"}
    assert {"40", "44", "93"} <= numbers
    assert any("'" in text or text == FORMULA for text in texts)


def test_a_share_keeps_all_its_digits(world: World) -> None:
    dossier = gather(world.ledger, [SUBJECT])
    shown = [cell for _, cell in cells(xlsx.render(dossier)) if cell.get("t") != "s"]
    numbers = [float(text) for cell in shown if (text := cell.findtext(f"{_SHEET}v"))]
    (element,) = dossier.trail.elements.values()
    for origin in element.origins:
        assert any(round(number * 10**7) == origin.share_ppb for number in numbers)


# ---------------------------------------------------------------- reports


class _Page(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.attributes: list[tuple[str, str | None]] = []
        self.text: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.attributes += attrs

    def handle_data(self, data: str) -> None:
        self.text.append(data)


def read(dossier: Dossier) -> _Page:
    page = _Page()
    page.feed(report_html.render(dossier).decode())
    return page


def test_the_page_runs_nothing_and_asks_for_nothing(dossier: Dossier) -> None:
    page = read(dossier)
    assert not page.tags & {"script", "img", "iframe", "object", "embed", "link", "form", "a"}
    names = {name for name, _ in page.attributes}
    assert not {name for name in names if name.startswith("on")} | names & {"src", "href", "style"}
    policy = dict(page.attributes)["content"]
    assert any("default-src 'none'" in (value or "") for _, value in page.attributes), policy


def test_the_page_says_the_shares_and_what_is_missing_and_withheld(dossier: Dossier) -> None:
    text = "\n".join(read(dossier).text)
    assert "89.0423733 %" in text
    assert "10.9576267 %" in text
    assert "gap.unknown-origin" in text
    assert dossier.root in text
    assert ("hand-overs" in text.lower()) is True
    for kind in dossier.withheld:
        assert kind in text


def test_hostile_text_is_shown_and_not_run(world: World) -> None:
    text = "\n".join(read(gather(world.ledger, ["BAG-1"])).text)
    assert HTML in text
    assert "onerror" in text


def test_the_pdf_is_made_of_any_text_and_always_the_same(dossier: Dossier) -> None:
    made = report_pdf.render(dossier)
    assert made.startswith(b"%PDF-")
    assert made == report_pdf.render(dossier)
    assert b"about.json" in made


def test_every_export_says_what_it_was_made_from(dossier: Dossier) -> None:
    (said,) = [json.loads(content) for name, content in csv_format.render(dossier).files
               if name == "about.json" and isinstance(content, bytes)]  # fmt: skip
    assert said["ledger"] == dossier.ledger
    assert (said["size"], said["root"]) == (dossier.size, dossier.root)
    assert said["audience"] == dossier.audience
    assert said["withheld"] == dossier.withheld
    assert {"field", "where", "closed_by", "subject"} == set(said["missing"][0])
    assert said["subjects"] == [SUBJECT]


# ---------------------------------------------------------------- the picture


def test_every_column_of_the_picture_is_the_whole(world: World) -> None:
    trail = gather(world.ledger, [SUBJECT]).trail
    picture = flowmap(trail, "Ta")
    columns: dict[int, int] = {}
    for node in picture.nodes:
        columns[node.column] = columns.get(node.column, 0) + node.part
    assert columns[0] == BILLION
    assert columns[max(columns)] == BILLION
    for at, node in enumerate(picture.nodes):
        come = sum(band.part for band in picture.bands if band.target == at)
        gone = sum(band.part for band in picture.bands if band.source == at)
        assert node.part in (come, gone)
    origins = {one.origin: one.share_ppb for one in trail.elements["Ta"].origins}
    assert {n.name: n.part for n in picture.nodes if n.column == 0} == origins
    assert [node.unknown for node in picture.nodes if node.name == "unknown"] == [True]


def test_the_picture_has_no_markup_but_its_own(world: World) -> None:
    trail = gather(world.ledger, [SUBJECT]).trail
    named = msgspec.structs.replace(trail.elements["Ta"].origins[0], origin=HTML)
    element = msgspec.structs.replace(trail.elements["Ta"], origins=(named,))
    bare = msgspec.structs.replace(trail, elements={"Ta": element}, lots=())
    drawn = ElementTree.fromstring(svg(flowmap(bare, "Ta"), HTML))
    tags = {element.tag.rpartition("}")[2] for element in drawn.iter()}
    assert tags == {"svg", "title", "rect", "text", "path"}


def test_all_hostile_texts_are_in_the_chain(world: World) -> None:
    said = everything(gather(world.ledger, [SUBJECT]))
    shown = [text for text in HOSTILE if json.dumps(text)[1:-1] in said]
    assert len(shown) >= 4
    assert KG == 1_000_000


# ---------------------------------------------------------------- a real browser

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")


def browsed(page: Path, profile: Path) -> tuple[str, list[bytes]]:
    """What a browser made of a page, and what it asked the network for on its behalf."""
    asked: list[bytes] = []

    class Listener(socketserver.BaseRequestHandler):
        """A proxy that remembers what it was asked for, and refuses it."""

        def handle(self) -> None:
            asked.append(self.request.recv(65_536).partition(b"\r\n")[0])
            self.request.sendall(b"HTTP/1.1 403 no\r\nContent-Length: 0\r\n\r\n")

    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Listener) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        flags = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking"]
        flags += ["--disable-component-update", "--no-first-run", "--virtual-time-budget=2000"]
        flags += [f"--user-data-dir={profile}", "--proxy-bypass-list=<-loopback>"]
        flags += [f"--proxy-server=http://127.0.0.1:{server.server_address[1]}", "--dump-dom"]
        run = [str(CHROMIUM), *flags, page.as_uri()]
        done = subprocess.run(run, capture_output=True, text=True, timeout=90, check=False)
        server.shutdown()
    own = (b"google", b"gstatic", b"gvt1", b"chromium")  # what a browser asks for itself
    return done.stdout, [line for line in asked if not any(name in line for name in own)]


@pytest.mark.skipif(CHROMIUM is None, reason="no chromium here")
def test_a_browser_shows_the_page_and_asks_nobody_for_anything(
    world: World, tmp_path: Path
) -> None:
    page = tmp_path / "report.html"
    page.write_bytes(report_html.render(gather(world.ledger, ["BAG-1"])))
    shown, asked = browsed(page, tmp_path / "profile")
    assert "Origins of the Ta" in shown
    assert "alert(1)" in shown
    assert "<script" not in shown
    assert asked == []
    # The control: a page that does ask is noticed.
    page.write_text("<img src=http://elsewhere.example/x.png>")
    _, asked = browsed(page, tmp_path / "other")
    assert any(b"elsewhere.example" in line for line in asked)
