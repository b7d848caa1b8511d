"""Gold: certified rings kept apart, and bars from a pool of mined and recycled gold.

    Cerro Claro     1.900 kg dore --+
    Quebrada Alta   1.300 kg dore --+--> grain 2.7465 kg fine --> 725 rings of 18 carat
    Volta Ridge    25.000 kg dore --> grain 21.9560 kg fine --+
    old jewellery  12.000 kg      --> grain  8.9550 kg fine --+--> 2 bars of 400 oz
    wire scrap      1.500 kg      --> grain  1.4940 kg fine --+    7 bars of 1 kg, and a rest

Every party, place and paper is made up; the masses are typical of the trade. The refiner
parts the certified dore in a campaign of its own, so the rings are segregated. The rest is
one melt under a mass-balance account: the bars have the shares of the pool, on paper.

Where the figures of the trade do not close to the milligram: 99.7 % of 1.4985 kg fine is
1,494,004.5 mg, booked as 1,494,005; 99.8 % of 2.752 kg less 1 % would make 725.07 rings,
so 281 mg stay with the jeweller. Grain is 999.9, so its fine mass is below its weight.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import msgspec

from ledger.values import BILLION
from ledger.words import mass, read_mass, share
from ledger.workspace import Workspace

from . import telling
from .abreast import abreast
from .freight import Way, shipped
from .telling import Actor, Paper, Said, Story, Tale, say, step

__all__ = ["FEEDS", "STORY", "build"]

CLARO, ALTA, VOLTA = "cerro-claro.example", "quebrada-alta.example", "volta-ridge.example"
COLLECTOR, WIRE = "oro-vecchio.example", "feindraht.example"
REFINER, JEWELLER, VAULT = "rondo-refining.example", "atelier-dora.example", "limmat-vault.example"
SCHEME, ASSURANCE = "artisanal-gold.example", "bullion-assurance.example"

BARS, KILOBARS, RINGS = "LGD-26", "KILO-26", "RING-26"
ACCOUNT = "RONDO-AU-2026"
DORE, GRAIN = "gold dore", "gold grain 999.9"

# fmt: off
_ACTORS = (
    Actor(CLARO, "Cerro Claro Cooperative", ("miner",), "PE", "PE-F-0117"),
    Actor(ALTA, "Quebrada Alta Cooperative", ("miner",), "PE", "PE-F-0230"),
    Actor(VOLTA, "Volta Ridge Mining", ("miner", "exporter"), "GH", "GH-ML-31"),
    Actor(COLLECTOR, "Oro Vecchio", ("collector",), "IT", "IT-OPO-5521"),
    Actor(WIRE, "Feindraht", ("manufacturer",), "DE"),
    Actor(REFINER, "Rondo Refining, CID900204", ("refiner",), "CH", "CID900204"),
    Actor(JEWELLER, "Atelier Dora", ("manufacturer",), "FR"),
    Actor(VAULT, "Limmat Vault", ("trader",), "CH"),
    Actor(SCHEME, "Artisanal Gold Alliance", ("issuer", "scheme"), "CO"),
    Actor(ASSURANCE, "Bullion Assurance", ("auditor", "issuer"), "GB"),
)
_MINES = (
    (CLARO, "PE-CERRO-CLARO", "Cerro Claro", "mine-asm", "PE", "-15.8240", "-74.1015", "12 kg"),
    (ALTA, "PE-QUEBRADA-ALTA", "Quebrada Alta", "mine-asm", "PE", "-14.9710", "-73.8830", "8 kg"),
    (VOLTA, "GH-VOLTA-RIDGE", "Volta Ridge", "mine-lsm", "GH", "6.4410", "-1.9205", "90 kg"),
)
_WORKS = (
    (COLLECTOR, "IT-ORO-VECCHIO", "Oro Vecchio, buying office", "collection", "IT"),
    (WIRE, "DE-FEINDRAHT", "Feindraht, wire works", "factory", "DE"),
    (REFINER, "CH-RONDO", "Rondo Refining, works", "refinery", "CH"),
    (JEWELLER, "FR-DORA", "Atelier Dora, workshop", "factory", "FR"),
)
# fmt: on


class Feed(msgspec.Struct, frozen=True):
    """What goes into one furnace alone: charge, its weight, grain and what is fine in it.

    `lost` is the fine gold that stays in slag and crucible.
    """

    charge: str
    weight: str
    grain: str
    heavy: str
    fine: str
    lost: str


# fmt: off
CERTIFIED = Feed("FM-DORE", "3200 g", "FM-GRAIN", "2746.771 g", "2746.496 g", "5.504 g")
FEEDS = (
    Feed("VR-DORE", "25000 g", "VR-GRAIN", "21958.196 g", "21956 g", "44 g"),
    Feed("OV-MELT", "12000 g", "OV-GRAIN", "8955.896 g", "8955 g", "45 g"),
    Feed("FD-MELT", "1500 g", "FD-GRAIN", "1494.154 g", "1494.005 g", "4.495 g"),
)
# fmt: on
POOL = mass(sum(read_mass(feed.heavy) for feed in FEEDS))
FINE = mass(sum(read_mass(feed.fine) for feed in FEEDS))

_COLLECTED = Paper(
    "buying-ledger-2026-02.txt",
    "purchase-book",
    "Buying ledger February 2026",
    "Oro Vecchio: 12.000 kg of old jewellery of 18 carat, 1,904 sellers, identity seen "
    "(fictional)\n",
)
_RETURNED = Paper(
    "return-note-318.txt",
    "delivery-note",
    "Return note 318",
    "Feindraht: 1.500 kg of gold wire scrap, 999, from the drawing of bonding wire (fictional)\n",
)


def _less(whole: str, *parts: str) -> str:
    return mass(read_mass(whole) - sum(read_mass(part) for part in parts))


# --- where it happens ------------------------------------------------------------------


def _registered() -> list[Said]:
    mines = [
        say(
            "site.registered",
            by=by,
            site=site,
            name=name,
            kind=kind,
            country=country,
            operator=by,
            minerals=["gold ore"],
            substances=["Au"],
            lat=lat,
            lon=lon,
            capacity=capacity,
        )
        for by, site, name, kind, country, lat, lon, capacity in _MINES
    ]
    works = [
        say("site.registered", by=by, site=site, name=name, kind=kind, country=land, operator=by)
        for by, site, name, kind, land in _WORKS
    ]
    return [*mines, *works]


def _certified() -> list[Said]:
    """The scheme certifies the two cooperatives, the auditor everybody else."""
    issued = (
        (SCHEME, "AGA-0117", "PE-CERRO-CLARO", "Fairmined Standard, gold (fictional)"),
        (SCHEME, "AGA-0230", "PE-QUEBRADA-ALTA", "Fairmined Standard, gold (fictional)"),
        (ASSURANCE, "BA-2025-18", "GH-VOLTA-RIDGE", "responsible gold mining (fictional)"),
        (ASSURANCE, "BA-2025-19", "IT-ORO-VECCHIO", "recycled gold, collection (fictional)"),
        (ASSURANCE, "BA-2025-20", "DE-FEINDRAHT", "recycled gold, industry (fictional)"),
        (ASSURANCE, "BA-2025-21", "CH-RONDO", "responsible refining, chain of custody (fictional)"),
    )
    return [
        say(
            "certificate.issued",
            by=by,
            certificate=number,
            subject=f"site:{site}",
            standard=standard,
            valid_from="2025-09-01",
            valid_to="2026-08-31",
        )
        for by, number, site, standard in issued
    ]


def _places() -> Tale:
    names = [by for by, *_ in (*_MINES, *_WORKS)]
    yield step(
        "2026-02-03T10:00:00Z",
        (*names, SCHEME, ASSURANCE),
        *_registered(),
        say(
            "process.declared",
            by=REFINER,
            site="CH-RONDO",
            process="gold-refining",
            capacity="400 kg",
            substance="Au",
            recovery_min="99 %",
            recovery_max="99.95 %",
        ),
        *_certified(),
        tells="3 mines and 4 works registered, each source certified",
    )


# --- to the refiner --------------------------------------------------------------------


def _sent(giver: str, lots: dict[str, tuple[str, str]], grade: str, *days: str) -> Tale:
    """By secured transport; the refiner weighs and assays on its own."""
    left, came, route = days
    way = Way(
        giver=giver,
        taker=REFINER,
        left=left,
        came=came,
        carrier="Helvetia Secure Transport",
        route=tuple(route.split()),
        measured=f"basis=dry,grades=Au={grade}",
        instrument="bullion",
    )
    yield from shipped(way, lots)


def _poured(by: str, site: str, method: str, grade: str, **lots: str) -> Tale:
    """Dore is poured at the mine, from its own ore."""
    yield step(
        "2026-02-16T17:00:00Z",
        (by,),
        *(
            say(
                "lot.extracted",
                lot=lot.replace("_", "-"),
                material=DORE,
                mass=weight,
                basis="dry",
                grades=[f"Au={grade}"],
                site=site,
                method=method,
                remark="poured at the mine",
            )
            for lot, weight in lots.items()
        ),
    )


def _cooperative(by: str, site: str, lot: str, weight: str) -> Tale:
    yield from _poured(by, site, "asm", "86 %", **{lot: weight})
    days = ("2026-02-18", "2026-02-24", "PE CH")
    yield from _sent(by, {lot: (weight, weight)}, "86 %", *days)


def _large_mine() -> Tale:
    """Two bars of dore; the refiner's scale moves a tenth of a gram from one to the other."""
    yield from _poured(
        VOLTA, "GH-VOLTA-RIDGE", "lsm", "88 %", **{"VR-1": "12600 g", "VR-2": "12400 g"}
    )
    lots = {"VR-1": ("12600 g", "12600.1 g"), "VR-2": ("12400 g", "12399.9 g")}
    yield from _sent(VOLTA, lots, "88 %", "2026-02-18", "2026-02-25", "GH CH")


def _scrap(by: str, lot: str, weight: str, grade: str, **fields: str) -> Tale:
    """Old jewellery is post-consumer; scrap of a wire works is pre-consumer."""
    yield step(
        "2026-02-20T16:00:00Z",
        (by,),
        say(
            "lot.recovered",
            lot=lot,
            mass=weight,
            basis="dry",
            collector=by,
            grades=[f"Au={grade}"],
            **fields,
        ),
    )
    days = ("2026-02-23", "2026-02-26", f"{fields['site'][:2]} CH")
    yield from _sent(by, {lot: (weight, weight)}, grade, *days)


def _feeds() -> Tale:
    old = {
        "material": "old jewellery",
        "origin": "recycled-post-consumer",
        "source": "jewellery bought over the counter",
        "site": "IT-ORO-VECCHIO",
        "evidence": _COLLECTED.digest,
    }
    wire = {
        "material": "gold wire scrap",
        "origin": "recycled-pre-consumer",
        "source": "scrap from the drawing of bonding wire",
        "site": "DE-FEINDRAHT",
        "evidence": _RETURNED.digest,
    }
    yield from abreast(
        _cooperative(CLARO, "PE-CERRO-CLARO", "CC-1", "1900 g"),
        _cooperative(ALTA, "PE-QUEBRADA-ALTA", "QA-1", "1300 g"),
        _large_mine(),
        _scrap(COLLECTOR, "OV-1", "12000 g", "75 %", **old),
        _scrap(WIRE, "FD-1", "1500 g", "99.9 %", **wire),
    )


# --- the refinery ----------------------------------------------------------------------


def _parted(feed: Feed, inputs: list[str], material: str, day: str, tells: str) -> Tale:
    """One feed alone in the furnace: fine grain, the rest is slag."""
    slag = _less(feed.weight, feed.heavy)
    grain = f"{feed.grain}={GRAIN},mass={feed.heavy},basis=dry,contents=Au={feed.fine}"
    yield step(
        f"{day}T16:00:00Z",
        (REFINER,),
        say("lots.blended", lot=feed.charge, material=material, inputs=inputs, mass=feed.weight),
        say(
            "lot.refined",
            lot=feed.charge,
            process="gold-refining",
            facility="CH-RONDO",
            outputs=[grain],
            losses=[f"slag={slag},contents=Au={feed.lost}"],
        ),
        tells=tells,
    )


def _refining() -> Tale:
    """The certified dore first and by itself; then three feeds that become one pool."""
    yield from _parted(
        CERTIFIED,
        ["CC-1", "QA-1"],
        DORE,
        "2026-03-02",
        "3.200 kg of certified dore parted by itself: 2.7465 kg fine",
    )
    yield step(
        "2026-03-03T09:00:00Z",
        (REFINER,),
        say(
            "balance.opened",
            account=ACCOUNT,
            element="Au",
            model="mass-balance",
            begins="2026-01-01",
            ends="2026-12-31",
        ),
        checkpoint=True,
    )
    inputs = (["VR-1", "VR-2"], ["OV-1"], ["FD-1"])
    materials = (DORE, "old jewellery", "gold wire scrap")
    for number, feed in enumerate(FEEDS):
        words = (
            f"{materials[number]}: {mass(read_mass(feed.weight))} refined to "
            f"{mass(read_mass(feed.fine))} fine"
        )
        day = f"2026-03-{4 + number:02}"
        yield from _parted(feed, inputs[number], materials[number], day, words)
    yield step(
        "2026-03-09T10:00:00Z",
        (REFINER,),
        *(
            say("balance.credited", account=ACCOUNT, lot=feed.grain, mass=feed.fine)
            for feed in FEEDS
        ),
        say(
            "lots.blended",
            lot="POOL-0309",
            material=GRAIN,
            inputs=[feed.grain for feed in FEEDS],
            mass=POOL,
        ),
        tells=f"Rondo Refining: one pool of {FINE} fine, credited to a mass-balance account",
    )


def _share(*fines: str) -> str:
    return share(sum(read_mass(fine) for fine in fines) * BILLION // read_mass(FINE))


def _bars() -> Tale:
    """Two bars of 400 ounces and seven of a kilogram; what is left stays in the pool."""
    mined, old, wire = (feed.fine for feed in FEEDS)
    runs = (
        (BARS, "400 oz bar 999.9, Rondo Refining, 2026", 2, "24885.270 g", "24882.781 g", "A"),
        (KILOBARS, "1 kg bar 999.9, Rondo Refining, 2026", 7, "7000 g", "6999.3 g", "K"),
    )
    for product, model, units, weight, fine, series in runs:
        yield step(
            f"2026-03-1{'AK'.index(series)}T15:00:00Z",
            (REFINER,),
            say(
                "product.made",
                product=product,
                model=model,
                units=units,
                components=[f"POOL-0309,mass={weight}"],
                serials=f"RR26-{series}001 to RR26-{series}{units:03}",
                facility="CH-RONDO",
            ),
            say("claim.allocated", account=ACCOUNT, lot=product, mass=fine),
            tells=f"{units} bars, each a {model.partition(' bar')[0]} bar with its number: "
            f"{mass(read_mass(fine))} fine in all",
        )
    way = Way(
        giver=REFINER,
        taker=VAULT,
        left="2026-03-12",
        came="2026-03-13",
        carrier="Helvetia Secure Transport",
        route=("CH",),
        instrument="bullion",
    )
    words = (
        f"shares of every bar: mined {_share(mined)}, jewellery {_share(old)}, "
        f"industrial {_share(wire)}"
    )
    yield from shipped(way, {BARS: "24885.270 g", KILOBARS: "7000 g"}, tells=words)


# --- the rings -------------------------------------------------------------------------


def _rings() -> Tale:
    """18 carat: three parts of fine gold, one of alloy; 1 % is lost in casting and polishing."""
    way = Way(
        giver=REFINER,
        taker=JEWELLER,
        left="2026-03-16",
        came="2026-03-18",
        carrier="Helvetia Secure Transport",
        route=("CH", "FR"),
        instrument="bullion",
    )
    yield from shipped(way, {"FM-GRAIN": CERTIFIED.heavy})
    cast, polished = "2719.022 g", "27.468 g"
    rest = _less(CERTIFIED.heavy, cast, polished)
    fine_rest = _less(CERTIFIED.fine, "2718.750 g", "27.465 g")
    added = _less("3625 g", cast)
    cast_rings = f"RING-CAST=rings of 18 carat,mass=3625 g,added={added},basis=dry,pieces=725"
    left = f"FM-REST={GRAIN},mass={rest},basis=dry,role=byproduct"
    yield step(
        "2026-03-27T16:00:00Z",
        (JEWELLER,),
        say(
            "lot.refined",
            lot="FM-GRAIN",
            process="casting",
            facility="FR-DORA",
            outputs=[f"{cast_rings},contents=Au=2718.750 g", f"{left},contents=Au={fine_rest}"],
            losses=[f"polishing={polished},contents=Au=27.465 g"],
        ),
    )
    yield step(
        "2026-03-30T16:00:00Z",
        (JEWELLER,),
        say(
            "product.made",
            product=RINGS,
            model="ring of 5.00 g, 18 carat, certified artisanal gold",
            units=725,
            components=["RING-CAST,per_unit=1"],
            facility="FR-DORA",
        ),
        tells="725 rings with 3.75 g of fine gold each, all of it from the two cooperatives",
    )


def _tale() -> Tale:
    yield from _places()
    yield from _feeds()
    yield from _refining()
    yield from _bars()
    yield from _rings()


STORY = Story(
    name="gold",
    title="Demonstration: certified gold in rings, mined and recycled gold in bars",
    origin="demo.example/gold",
    begins="2026-02-02T09:00:00Z",
    actors=_ACTORS,
    papers=(_COLLECTED, _RETURNED),
    tell=_tale,
    product=BARS,
    dug=("CC-1", "VR-1"),
)


def build(root: Path, clock: Callable[[], int] | None = None) -> Workspace:
    """This story as a new workspace at `root`; see `telling.build`."""
    return telling.build(STORY, root, clock)
