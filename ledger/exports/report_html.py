"""The report as one HTML page that asks for nothing from anywhere.

The answer first, with a picture of where each substance came from; then hand-overs with
both weights, certificates, incidents, gaps, findings, what is missing and withheld, and
how to check it. No script; opened anywhere, printed anywhere.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterator
from html import escape

from ..audit.dossier import Dossier, unfilled
from ..audit.page import Page, Section, page

__all__ = ["render"]

_STYLE = (
    "body{font:15px/1.5 system-ui,sans-serif;max-width:72rem;margin:2rem auto;padding:0 1rem;"
    "color:#222}h1{font-size:1.6rem}h2{margin-top:2.5rem;border-bottom:2px solid #7a4b1e}"
    "table{border-collapse:collapse;width:100%;font-size:.87rem;margin:.5rem 0}"
    "th,td{text-align:left;vertical-align:top;padding:.25rem .6rem;border-bottom:1px solid #ddd;"
    "overflow-wrap:anywhere}thead th{background:#f4efe9}dl{display:grid;"
    "grid-template-columns:max-content 1fr;gap:.2rem 1.5rem}dt{color:#666}dd{margin:0}"
    "svg{width:100%;height:auto}figure{margin:1rem 0}figcaption{color:#666;font-size:.87rem}"
    "footer{margin-top:3rem;color:#444;font-size:.87rem;overflow-wrap:anywhere}"
    "@media print{body{margin:0;max-width:none}h2{break-after:avoid}tr{break-inside:avoid}}"
)


def render(dossier: Dossier) -> bytes:
    """The page; UTF-8."""
    return "".join(_html(page(dossier, unfilled(dossier)))).encode()


def _html(report: Page) -> Iterator[str]:
    digest = base64.b64encode(hashlib.sha256(_STYLE.encode()).digest()).decode()
    policy = f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'"
    yield '<!doctype html><html lang="en"><head><meta charset="utf-8">'
    yield f'<meta http-equiv="Content-Security-Policy" content="{policy}">'
    yield '<meta name="viewport" content="width=device-width,initial-scale=1">'
    yield '<meta name="referrer" content="no-referrer">'
    yield f"<title>{_text(report.title)}</title><style>{_STYLE}</style></head><body>"
    yield f"<h1>{_text(report.title)}</h1>"
    yield f"<p>For: {_text(report.said['audience'])}. Recorded until {report.said['as_of']}.</p>"
    for part in report.parts:
        yield f"<h2>{_text(part.title)}</h2><dl>"
        for name, value in part.answer:
            yield f"<dt>{_text(name)}</dt><dd>{_text(value)}</dd>"
        yield "</dl>"
        for caption, picture in part.pictures:
            yield f"<figure>{picture}<figcaption>{_text(caption)}; drawn from the tables below, "
            yield "no proof of them</figcaption></figure>"
        for section in part.sections:
            yield from _section(section)
    for section in report.sections:
        yield from _section(section)
    yield "<footer><h2>How to check this</h2>"
    for line in report.check:
        yield f"<p>{_text(line)}</p>"
    if "checkpoint" in report.said:
        yield f"<pre>{_text(report.said['checkpoint'])}</pre>"
    yield "</footer></body></html>\n"


def _section(section: Section) -> Iterator[str]:
    yield f"<h3>{_text(section.heading)}</h3>"
    if section.rows:
        head = "".join(f'<th scope="col">{_text(name)}</th>' for name in section.columns)
        yield f"<table><thead><tr>{head}</tr></thead><tbody>"
        for row in section.rows:
            yield f"<tr>{''.join(f'<td>{_text(cell)}</td>' for cell in row)}</tr>"
        yield "</tbody></table>"
    if section.note:
        yield f"<p>{_text(section.note)}</p>"


def _text(text: str) -> str:
    """Text for HTML: markup and what cannot be seen is spelled out."""
    shown = "".join(
        c if c.isprintable() or c == "\n" else f"\\u{{{ord(c):x}}}" for c in text
    )  # fmt: skip
    return escape(shown, quote=True)
