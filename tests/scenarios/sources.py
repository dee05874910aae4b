"""Every scenario's id and the public project or document whose numbers it takes.

What a scenario says is in its test, in our words. Ids are never used again, so that gaps stay gaps.
"""

from collections.abc import Mapping
from typing import Final

SECTIONS: Final[Mapping[str, str]] = {
    "A": "Earning on a purchase",
    "B": "Spending and rewards",
    "C": "Prices and discounts",
    "D": "Lots, expiry and pending points",
    "E": "Refunds and history",
    "F": "Tiers",
    "G": "Gamification",
}

LINKS: Final[Mapping[str, str]] = {
    "BitBag": "https://github.com/BitBagCommerce/SyliusBonusPointsPlugin",
    "ERPNext": "https://github.com/frappe/erpnext",
    "Habitica": "https://github.com/HabitRPG/habitica",
    "Level Up": "https://github.com/cjmellor/level-up",
    "Nakama": "https://github.com/heroiclabs/nakama",
    "Odoo": "https://github.com/odoo/odoo",
    "Open Loyalty": "https://github.com/nrkkalyan/open-loyalty-framework",
    "Safira": "https://github.com/cesium/safira",
    "Setono": "https://github.com/Setono/sylius-loyalty-plugin",
    "Square": "https://developer.squareup.com/reference/square/loyalty-api",
    "Stakewars": "https://github.com/near/stakewars-iv",
    "Starbucks": "https://www.tastingtable.com/1794066/do-starbucks-stars-expire/",
    "Talon.One": "https://docs.talon.one",
    "Voucherify": "https://github.com/voucherifyio/voucherify-openapi",
    "WB Gamification": "https://github.com/vapvarun/wb-gamification",
    "gamification-engine": "https://github.com/ActiDoo/gamification-engine",
    "leaderboard": "https://github.com/agoragames/leaderboard-python",
}
"""Sources that have an address of their own."""

_IDS_BY_SOURCE: Final[Mapping[str, str]] = {
    "Odoo": "A01 A03 A05 A07 A09 A11 B01 B03 B05 B07 B31 B33 B35 B37 B39 B41 B43 B45 "
    "C01 C03 C05 C07 C09 C11 C13 C15 C17 C19 D01 D03 E11",
    "ERPNext": "A13 A15 F01 F02 F03 F04 F05 F06 F07",
    "Setono": "A17 A19 A21 A23 A25 A27 A29 A31 A33 B09 B11 B13 B15 B17 B19 D05 D07 D09 D11 D13 D15 E01 E03 E05 E13",
    "Open Loyalty": "A35 A37 A39 A41 A43 A45",
    "Square": "A47 A49 A51 A53 B25 B27 E09",
    "BitBag": "A55 B21 B23",
    "Level Up": "A57 F09 F11 G01 G03 G05 G15 G17 G19",
    "Starbucks": "B29 D21",
    "Voucherify": "D17 D19 D23 D25 F13",
    "Talon.One": "E07",
    "Habitica": "G07",
    "WB Gamification": "G09 G27 G41",
    "gamification-engine": "G11 G13",
    "leaderboard": "G21",
    "Nakama": "G23 G25",
    "Stakewars": "G29",
    "Safira": "G31",
    "CloudCertify": "G33",
    "our own": "G35",
    "markm8": "G37",
    "ethereum-games": "G39",
}

SOURCES: Final[Mapping[str, str]] = dict(
    sorted((one, source) for source, ids in _IDS_BY_SOURCE.items() for one in ids.split())
)
"""Scenario id -> source."""
