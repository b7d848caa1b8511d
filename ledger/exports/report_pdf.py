"""The report as PDF, with what it was made from attached to it.

The same page as report-html: the answer first, with a picture of where each substance
came from, then the tables, and how to check them. The attachment about.json names the
ledger, the checkpoint, the entries, and what is missing or withheld.
"""

from __future__ import annotations

from datetime import UTC, datetime

import msgspec

from ..audit.dossier import Dossier, unfilled
from ..audit.page import page
from ..audit.sheets import about_bytes
from ..errors import ConfigError

__all__ = ["render"]

# Data goes in as JSON, never pasted into the source: no text of a clerk is a command here.
_LAYOUT = """
#let d = json(bytes(sys.inputs.page))
#let pale(body) = text(fill: luma(110), body)
#set document(title: d.title, author: "OreTrail", keywords: ("provenance",))
#set page(paper: "a4", margin: (x: 16mm, y: 16mm), footer: context {
  set text(7pt, fill: luma(110))
  [ledger #d.said.ledger.slice(0, 16), #d.said.size entries, root #d.said.root.slice(0, 16)]
  h(1fr)
  counter(page).display("1 / 1", both: true)
})
#set text(9pt, lang: "en")
#show heading.where(level: 1): set text(15pt)
#show heading.where(level: 2): set text(12pt, fill: rgb("#7a4b1e"))
#show heading.where(level: 3): set text(9.5pt)
#pdf.attach(
  "about.json",
  bytes(sys.inputs.about),
  mime-type: "application/json",
  relationship: "data",
  description: "what this report was made from",
)
#let section(s) = {
  heading(level: 3, s.heading)
  if s.rows.len() > 0 {
    set text(6.8pt)
    // Ids have no place to break; give them some.
    show table.cell: cell => { show regex("[^ ]{18}"): run => run + sym.zws; cell }
    table(
      columns: s.columns.len(),
      stroke: (x, y) => (bottom: 0.4pt + luma(200)),
      inset: (x: 2.5pt, y: 2.2pt),
      table.header(..s.columns.map(strong)),
      ..s.rows.flatten(),
    )
  }
  if s.note != "" { emph(s.note) }
}
= #d.title
For: #d.said.audience. Recorded until #d.said.as_of.
#for p in d.parts [
  == #p.title
  #grid(
    columns: (auto, 1fr),
    column-gutter: 6mm,
    row-gutter: 2mm,
    ..p.answer.map(line => (pale(line.at(0)), line.at(1))).flatten(),
  )
  #for picture in p.pictures [
    #figure(
      image(bytes(picture.at(1)), format: "svg", width: 100%, alt: picture.at(0)),
      caption: [#picture.at(0), drawn from the tables, no proof of them],
      numbering: none,
    )
  ]
  #for s in p.sections { section(s) }
]
#for s in d.sections { section(s) }
== How to check this
#for line in d.check [#par(line)]
#if "checkpoint" in d.said { raw(d.said.checkpoint, block: true) }
"""


def render(dossier: Dossier) -> bytes:
    """The PDF, the same bytes whenever it is made; ConfigError ``extra.missing``."""
    try:
        import typst
    except ModuleNotFoundError:
        raise ConfigError(
            "a PDF needs typst, which is not installed",
            code="extra.missing",
            hint="pip install 'oretrail[exports]'",
        ) from None
    report = page(dossier, unfilled(dossier))
    made = datetime.strptime(dossier.as_of, "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC)
    try:
        pdf: bytes = typst.compile(
            _LAYOUT.encode(),
            format="pdf",
            sys_inputs={
                "page": msgspec.json.encode(report).decode(),
                "about": about_bytes(report.said).decode(),
            },
            timestamp=int(made.timestamp()),
            ignore_system_fonts=True,
        )
    except RuntimeError as error:
        raise ConfigError(f"the report cannot be set: {error}", code="export.failed") from None
    return pdf
