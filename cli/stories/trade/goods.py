"""What is traded: three minerals, with the grades and yields of the trade, and their regions.

Grades and recoveries are typical figures, in parts per billion; every place is made up.
"""

from __future__ import annotations

import msgspec

__all__ = [
    "MAKERS_OF_PRODUCTS",
    "MINERALS",
    "MINES",
    "REGIONS",
    "Mineral",
    "MineSpec",
    "Place",
    "RegionSpec",
    "region",
]

PERCENT = 10_000_000


class Place(msgspec.Struct, frozen=True):
    """A works: country, name, and where it is in hundredths of a degree."""

    country: str
    name: str
    lat: int
    lon: int


class Mineral(msgspec.Struct, frozen=True, kw_only=True):
    """A mineral, from the ore to the part that is built in.

    `grade` is of the ore in a bag, `upgraded` of the concentrate, both as `analyte` in the
    dry mass; `washed` and `smelted` are recoveries of the element, `returned` what comes
    back as an intermediate. A part weighs `part_mass` mg; `per_unit` go into a product.
    """

    name: str
    code: str
    analyte: str
    element: str
    factor: int
    grade: int
    upgraded: int
    washed: int
    smelted: int
    returned: int
    metal: str
    part: str
    part_mass: int
    per_unit: int
    worked: int
    lsm_grade: int
    smelter: Place
    maker: Place

    @property
    def ore(self) -> str:
        """The trade name of the ore."""
        return f"{self.name} ore"

    @property
    def concentrate(self) -> str:
        """The trade name of what is exported."""
        return f"{self.name} concentrate"


COLTAN = Mineral(
    name="coltan",
    code="TA",
    analyte="Ta2O5",
    element="Ta",
    factor=818_970_000,
    grade=24 * PERCENT,
    upgraded=32 * PERCENT,
    washed=96 * PERCENT,
    smelted=92 * PERCENT,
    returned=3 * PERCENT,
    metal="tantalum powder",
    part="tantalum capacitors",
    part_mass=24,
    per_unit=2,
    worked=90 * PERCENT,
    lsm_grade=2 * PERCENT,
    smelter=Place("AT", "Almtal powder works", 4788, 1396),
    maker=Place("SI", "Karst capacitors", 4571, 1389),
)
CASSITERITE = Mineral(
    name="cassiterite",
    code="SN",
    analyte="SnO2",
    element="Sn",
    factor=787_700_000,
    grade=45 * PERCENT,
    upgraded=72 * PERCENT,
    washed=95 * PERCENT,
    smelted=96 * PERCENT,
    returned=2 * PERCENT,
    metal="tin ingots",
    part="solder preforms",
    part_mass=60,
    per_unit=40,
    worked=97 * PERCENT,
    lsm_grade=1 * PERCENT,
    smelter=Place("MY", "Straits of Kelang tin", 303, 10144),
    maker=Place("DE", "Harz solder", 5180, 1061),
)
WOLFRAMITE = Mineral(
    name="wolframite",
    code="W",
    analyte="WO3",
    element="W",
    factor=793_000_000,
    grade=40 * PERCENT,
    upgraded=65 * PERCENT,
    washed=94 * PERCENT,
    smelted=95 * PERCENT,
    returned=2 * PERCENT,
    metal="tungsten powder",
    part="vibration weights",
    part_mass=900,
    per_unit=1,
    worked=93 * PERCENT,
    lsm_grade=1 * PERCENT,
    smelter=Place("AT", "Enns tungsten", 4822, 1447),
    maker=Place("CZ", "Sazava sinter parts", 4987, 1490),
)
MINERALS = (COLTAN, CASSITERITE, WOLFRAMITE)

MAKERS_OF_PRODUCTS = (
    Place("NO", "Fjord phones", 5991, 1075),
    Place("KR", "Hangang devices", 3755, 12699),
)


class RegionSpec(msgspec.Struct, frozen=True):
    """Where artisanal mines lie around one comptoir: country, name, mineral, depot."""

    country: str
    name: str
    mineral: Mineral
    lat: int
    lon: int
    transit: str


def _region(
    country: str, name: str, mineral: Mineral, lat: int, lon: int, transit: str
) -> RegionSpec:
    """Latitude and longitude in thousandths of a degree, rounded to a coarse grid."""
    return RegionSpec(country, name, mineral, lat * 10_000, lon * 10_000, transit)


REGIONS = (
    _region("RW", "gisaka", COLTAN, -2_100, 29_400, "TZ"),
    _region("CD", "mwambo", COLTAN, -5_950, 28_900, "TZ"),
    _region("CD", "lulingu", CASSITERITE, -3_050, 27_900, "UG"),
    _region("RW", "nyaruge", WOLFRAMITE, -1_650, 29_900, "TZ"),
    _region("BI", "kabara", COLTAN, -2_900, 29_700, "TZ"),
    _region("UG", "kirwaha", WOLFRAMITE, -1_200, 29_950, "KE"),
    _region("CD", "katoma", COLTAN, -6_450, 28_300, "ZM"),
    _region("RW", "rukanga", CASSITERITE, -2_000, 30_100, "TZ"),
    _region("CD", "lubira", WOLFRAMITE, -2_500, 28_500, "RW"),
    _region("TZ", "kyaro", CASSITERITE, -1_400, 30_900, "KE"),
    _region("CD", "manoro", CASSITERITE, -7_300, 27_400, "ZM"),
    _region("RW", "burera-hills", COLTAN, -1_800, 29_600, "UG"),
)
"""Sites are spread over these, in this order; then over others near them."""


def region(number: int) -> RegionSpec:
    """The region of a number; beyond the list, another one some way to the north."""
    turn, place = divmod(number, len(REGIONS))
    spec = REGIONS[place]
    if not turn:
        return spec
    return msgspec.structs.replace(
        spec, name=f"{spec.name}-{turn + 1}", lat=spec.lat + turn * 5_000_000
    )


class MineSpec(msgspec.Struct, frozen=True):
    """A mine of a company, with a mill: country, name, mineral, where."""

    country: str
    name: str
    mineral: Mineral
    lat: int
    lon: int


MINES = (
    MineSpec("BO", "huanuco-sur", CASSITERITE, -182_000_000, -667_000_000),
    MineSpec("AU", "wodga-creek", COLTAN, -212_000_000, 1_187_000_000),
    MineSpec("PT", "serra-alta", WOLFRAMITE, 401_000_000, -77_000_000),
    MineSpec("PE", "san-rafel", CASSITERITE, -143_000_000, -703_000_000),
)
