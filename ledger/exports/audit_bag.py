"""The audit trail: a folder with the evidence, the tables, the report, and how to check them.

    bagit.txt  bag-info.txt  manifest-sha256.txt  tagmanifest-sha256.txt  [.note]
    data/
      README.txt                what this is, and how to check it without us
      about.json                what it was made from, what is missing, what was withheld
      evidence/                 SUBJECT.trail or entries.jsonl, checkpoint    (authorities)
      tables/*.csv              events, lots, flows, transfers, ... findings, gaps
      tables.xlsx               the same as a workbook
      report.html  report.pdf   the report, where there is a subject
      datapackage.json  csv-metadata.json  ro-crate-metadata.json

One folder that four kinds of programs read: a BagIt 1.0 bag (RFC 8493), whose payload is a
Frictionless data package, CSV on the Web (W3C) and an RO-Crate 1.1. Fixity is in the
manifests; with --key the manifest of the tags is signed as well, since manifests alone
can be made again by anybody. It is the one format that holds others.
"""

from __future__ import annotations

import csv
import hashlib
import io
from collections.abc import Iterable, Iterator
from typing import Any

from ..audit.dossier import Dossier, Folder, unfilled
from ..audit.entry_list import Line, spell
from ..audit.report import Report
from ..audit.sheets import about_bytes
from ..audit.steps import Step
from ..audit.tables import TABLES, Cell, Column, Row, Rows, Table
from ..audit.workbook import sheet, title, workbook
from ..log import chain, merkle, note
from . import report_html, report_pdf
from .csv import lines

__all__ = ["render"]

_FRICTIONLESS = {"integer": "integer", "mass": "number", "share": "number", "day": "date",
                 "time": "datetime"}  # fmt: skip
_CSVW: dict[str, Any] = {
    "integer": "integer",
    "mass": "decimal",
    "share": "decimal",
    "day": "date",
    "time": {"base": "dateTime", "format": "yyyy-MM-ddTHH:mm:ssX"},
}
_LICENCE = "https://creativecommons.org/publicdomain/zero/1.0/"


def render(dossier: Dossier, signer: note.SignsNotes | None = None) -> Folder:
    """The bag; `signer` signs the manifest of the tags."""
    return Folder(_files(dossier, signer))


def _files(
    dossier: Dossier, signer: note.SignsNotes | None
) -> Iterator[tuple[str, bytes | Iterable[bytes]]]:
    """Payload first, each file hashed as it is written; then the manifests."""
    hashes: dict[str, str] = {}
    size = 0
    for name, content in _payload(dossier):
        digest = hashlib.sha256()
        counted = _Counted(content, digest.update)
        yield f"data/{name}", counted
        hashes[f"data/{name}"] = digest.hexdigest()
        size += counted.size
    tags = {
        "bagit.txt": b"BagIt-Version: 1.0\nTag-File-Character-Encoding: UTF-8\n",
        "bag-info.txt": _info(dossier, size, len(hashes)),
        "manifest-sha256.txt": _manifest(hashes),
    }
    yield from tags.items()
    told = _manifest({name: hashlib.sha256(data).hexdigest() for name, data in tags.items()})
    yield "tagmanifest-sha256.txt", told
    if signer is not None:
        text = f"oretrail/bag/v1\n{hashlib.sha256(told).hexdigest()}\nledger {dossier.ledger}\n"
        yield "tagmanifest-sha256.txt.note", note.sign(text, signer)


class _Counted:
    """Content that counts and hashes itself while it is written."""

    def __init__(self, content: bytes | Iterable[bytes], update: Any) -> None:
        self._content = (content,) if isinstance(content, bytes) else content
        self._update = update
        self.size = 0

    def __iter__(self) -> Iterator[bytes]:
        for piece in self._content:
            self._update(piece)
            self.size += len(piece)
            yield piece


def _manifest(hashes: dict[str, str]) -> bytes:
    return "".join(f"{digest}  {name}\n" for name, digest in sorted(hashes.items())).encode()


def _info(dossier: Dossier, size: int, count: int) -> bytes:
    about = ", ".join(dossier.subjects) or " to ".join(dossier.period)
    lines = {
        "Bag-Software-Agent": "OreTrail",
        "Bagging-Date": dossier.as_of[:10],
        "External-Description": f"audit trail of {about} for {dossier.audience}",
        "External-Identifier": f"{dossier.ledger} {dossier.size} {dossier.root}",
        "Payload-Oxum": f"{size}.{count}",
        "Source-Organization": dossier.origin,
    }
    return "".join(f"{name}: {value}\n" for name, value in lines.items()).encode()


# --- the payload -----------------------------------------------------------------------


def _payload(dossier: Dossier) -> Iterator[tuple[str, bytes | Iterable[bytes]]]:
    tables, report = _tables(dossier)
    gaps = unfilled(dossier)
    said = dossier.about("audit-bag", 1, gaps) | {"tables": list(tables)}
    if report is not None:
        said["verdict"] = report.verdict
        said["findings"] = len(report.findings) + report.more
    yield "README.txt", _readme(dossier)
    yield "about.json", about_bytes(said)
    yield from _evidence(dossier)
    for name, data in tables.items():
        yield f"tables/{name}.csv", data
    yield "tables.xlsx", _workbook(dossier, said, tables)
    if dossier.trails:
        yield "report.html", report_html.render(dossier)
        yield "report.pdf", report_pdf.render(dossier)
    yield "datapackage.json", about_bytes(_datapackage(dossier, tables))
    yield "csv-metadata.json", about_bytes(_csvw(tables))
    yield "ro-crate-metadata.json", about_bytes(_crate(dossier, tables))


def _tables(dossier: Dossier) -> tuple[dict[str, bytes], Report | None]:
    """Every table that has rows, as CSV, in one pass; of a period, verified in that pass."""
    rows = Rows(dossier)
    found: dict[str, list[bytes]] = {name: [] for name in TABLES}

    def keep(step: Step) -> None:
        put(rows.feed(step))

    def put(made: Iterable[tuple[str, Row]]) -> None:
        for name, row in made:
            if not found[name]:
                found[name] += lines(TABLES[name], ())
            found[name] += list(lines(TABLES[name], (row,)))[1:]

    report = None
    if dossier.trails:
        for step in dossier.steps():
            keep(step)
    else:
        first, end = dossier.period
        report = dossier.audit(
            lambda step: (
                keep(step)
                if first <= step.occurred_at and (not end or step.occurred_at < end)
                else None
            )
        )
        for one in report.findings:
            entries = tuple(map(str, one.entries))
            row = (one.code, one.severity, one.subject or None, one.message, entries)
            put([("findings", row)])
    put(rows.finish(unfilled(dossier)))
    # A byte order mark is for spreadsheets; the packages name the encoding.
    return {
        name: b"".join(made).removeprefix(b"\xef\xbb\xbf") for name, made in found.items() if made
    }, report


def _evidence(dossier: Dossier) -> Iterator[tuple[str, bytes | Iterable[bytes]]]:
    """What proves it: bundles of the subjects, or every entry; for those who may see them."""
    if dossier.checkpoint is not None:
        yield "evidence/checkpoint", dossier.checkpoint
    if dossier.sources is None:
        return
    if dossier.trails and dossier.bundle is not None:
        for number, subject in enumerate(dossier.subjects, start=1):
            yield f"evidence/{number:04d}.trail", dossier.bundle(subject)
    else:
        yield "evidence/entries.jsonl", _entry_list(dossier)


def _entry_list(dossier: Dossier) -> Iterator[bytes]:
    link = chain.START
    for index, data in dossier.sources() if dossier.sources else ():
        leaf = merkle.leaf_hash(data)
        link = chain.link(link, leaf)
        yield spell(Line(index, leaf.hex(), link.hex(), data.decode()))


def _readme(dossier: Dossier) -> bytes:
    checks = (
        "evidence/NNNN.trail are evidence bundles, one for each subject:\n"
        f"    oretrail verify evidence/0001.trail --ledger-id {dossier.ledger}\n"
        if dossier.trails
        else "evidence/entries.jsonl is the whole log:\n"
        f"    oretrail verify evidence/entries.jsonl --ledger-id {dossier.ledger}\n"
    )
    if dossier.sources is None:
        checks = (
            f"The evidence itself is withheld from this audience ({dossier.audience}); what was\n"
            "withheld is counted in about.json. Ask the sender for it, or an authority to look.\n"
        )
    demo = "A DEMONSTRATION: its keys are public.\n\n" if dossier.demo else ""
    return f"""An audit trail made by OreTrail
===============================

{demo}Made from ledger {dossier.ledger}
log {dossier.origin}, {dossier.size} entries, root {dossier.root}
recorded until {dossier.as_of}, for: {dossier.audience}

What is in it
    about.json      what it was made from, what is missing, what was withheld
    evidence/       signed entries: the only part that proves anything
    tables/         one CSV file for each question; tables.xlsx holds the same
    report.*        for people
Texts that a spreadsheet would take for a formula have a ' before them.

How to check it
 1. Nothing was changed on the way (any computer):
        sha256sum -c manifest-sha256.txt tagmanifest-sha256.txt
    Manifests can be made again by anybody. tagmanifest-sha256.txt.note, if it is there, is
    a signed note over their hash.
 2. The evidence (Python 3.11 and: pip install oretrail):
{checks} 3. The same by an independent verifier, one file of the specification that needs Python
    3.11 and nothing else: python verify.py evidence/...

What it does not show: that what was signed was true, and that nothing else was done.
""".encode()


def _workbook(dossier: Dossier, said: dict[str, Any], tables: dict[str, bytes]) -> bytes:
    book, file = workbook(dossier.as_of, large=True)
    title(book, said)
    for name, data in tables.items():
        sheet(book, TABLES[name], _read(TABLES[name], data))
    book.close()
    return file.getvalue()


def _read(table: Table, data: bytes) -> Iterator[Row]:
    """Rows back from their CSV, so that only one spelling of them is held in memory."""
    reader = csv.reader(io.StringIO(data.decode(), newline=""))
    next(reader, None)
    for row in reader:
        yield tuple(_cell(column, text) for column, text in zip(table.columns, row, strict=True))


def _cell(column: Column, text: str) -> Cell:
    if text == "":
        return None
    if column.kind in ("integer", "mass", "share"):
        return int(text.replace(".", "", 1))
    if column.kind in ("text", "list") and text.startswith("'"):
        return text[1:]
    return text


# --- what the packages say of the tables -----------------------------------------------


def _datapackage(dossier: Dossier, tables: dict[str, bytes]) -> dict[str, Any]:
    """Frictionless data package, version 2."""
    return {
        "$schema": "https://datapackage.org/profiles/2.0/datapackage.json",
        "name": f"oretrail-{dossier.ledger[:12]}-{dossier.size}",
        "title": "OreTrail audit trail",
        "created": dossier.as_of,
        "resources": [
            {
                "name": name,
                "title": TABLES[name].says,
                "type": "table",
                "path": f"tables/{name}.csv",
                "scheme": "file",
                "format": "csv",
                "mediatype": "text/csv",
                "encoding": "utf-8",
                "bytes": len(data),
                "hash": f"sha256:{hashlib.sha256(data).hexdigest()}",
                "schema": {
                    "fields": [
                        {
                            "name": column.name,
                            "type": _FRICTIONLESS.get(column.kind, "string"),
                            "description": column.says,
                            **({"format": "%Y-%m-%dT%H:%M:%SZ"} if column.kind == "time" else {}),
                        }
                        for column in TABLES[name].columns
                    ],
                    "missingValues": [""],
                },
            }
            for name, data in tables.items()
        ],
    }


def _csvw(tables: dict[str, bytes]) -> dict[str, Any]:
    """CSV on the Web: a table group."""
    return {
        "@context": "http://www.w3.org/ns/csvw",
        "tables": [
            {
                "url": f"tables/{name}.csv",
                "dc:title": TABLES[name].says,
                "dialect": {"header": True, "encoding": "utf-8", "quoteChar": '"'},
                "tableSchema": {
                    "columns": [
                        {
                            "name": column.name,
                            "titles": column.name,
                            "dc:description": column.says,
                            "datatype": _CSVW.get(column.kind, "string"),
                            "required": False,
                        }
                        for column in TABLES[name].columns
                    ]
                },
            }
            for name in tables
        ],
    }


def _crate(dossier: Dossier, tables: dict[str, bytes]) -> dict[str, Any]:
    """RO-Crate 1.1: what the files are."""
    files = {f"tables/{name}.csv": (TABLES[name].says, "text/csv") for name in tables}
    files |= {
        "about.json": ("what it was made from", "application/json"),
        "tables.xlsx": (
            "the tables as a workbook",
            "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
        ),
    }
    if dossier.trails:
        files |= {
            "report.html": ("the report", "text/html"),
            "report.pdf": ("the report", "application/pdf"),
        }
    publisher = f"https://{dossier.origin}"
    about = ", ".join(dossier.subjects) or " to ".join(dossier.period)
    graph: list[dict[str, Any]] = [
        {
            "@id": "ro-crate-metadata.json",
            "@type": "CreativeWork",
            "about": {"@id": "./"},
            "conformsTo": {"@id": "https://w3id.org/ro/crate/1.1"},
        },
        {
            "@id": "./",
            "@type": "Dataset",
            "name": f"OreTrail audit trail of {about}",
            "description": "Chain of custody of minerals: signed entries, tables and report.",
            "datePublished": dossier.as_of[:10],
            "identifier": f"{dossier.ledger} {dossier.size} {dossier.root}",
            "license": {"@id": _LICENCE},
            "publisher": {"@id": publisher},
            "hasPart": [{"@id": name} for name in files],
        },
        {"@id": publisher, "@type": "Organization", "name": dossier.origin, "url": publisher},
        {"@id": _LICENCE, "@type": "CreativeWork", "name": "CC0 1.0"},
    ]
    graph += [
        {"@id": name, "@type": "File", "name": says, "encodingFormat": form}
        for name, (says, form) in files.items()
    ]
    return {"@context": "https://w3id.org/ro/crate/1.1/context", "@graph": graph}
