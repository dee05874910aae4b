"""The variables that conditions may use: tables of names, types and meanings.

A condition is CEL (https://cel.dev) over these dotted variables. A fact that is ``optional`` may be absent for a
purchase; a condition whose answer depends on an absent fact does not hold, and the explanation says so.
"""

from typing import Literal, NamedTuple

FactType = Literal["int", "string", "bool", "list(string)"]
FactValue = int | str | bool | list[str]

STAND_INS: dict[FactType, FactValue] = {"int": 0, "string": "", "bool": False, "list(string)": []}
"""A value of each type, put in the place of an absent fact where the answer is going to be thrown away."""


class Fact(NamedTuple):
    """A declared variable."""

    name: str
    type: FactType
    meaning: str
    optional: bool = False


PURCHASE_FACTS = (
    Fact(
        "purchase.total_minor",
        "int",
        "What the basket costs after all discounts, tax included, in minor units.",
    ),
    Fact("purchase.discount_minor", "int", "All discounts of the basket together, in minor units."),
    Fact("purchase.lines_count", "int", "Number of lines."),
    Fact("purchase.currency", "string", "ISO 4217 code."),
    Fact("purchase.channel", "string", "Where it was bought: till, web, app, ..."),
    Fact("purchase.weekday", "int", "ISO weekday in the store's zone: Monday is 1, Sunday 7."),
    Fact("purchase.hour", "int", "Hour in the store's zone, 0 to 23."),
    Fact("purchase.day", "int", "Day of the month in the store's zone."),
    Fact("purchase.month", "int", "Month in the store's zone, 1 to 12."),
    Fact("purchase.skus", "list(string)", "SKUs of the lines, each once."),
    Fact("purchase.categories", "list(string)", "Categories of the lines with all wider ones, each once."),
    Fact("purchase.brands", "list(string)", "Brands of the lines, each once."),
    Fact("purchase.tags", "list(string)", "Tags of the lines, each once."),
    Fact("purchase.tenders", "list(string)", "Kinds of payment, each once."),
)

MEMBER_FACTS = (
    Fact("member.tier", "string", "Code of the tier; empty without one."),
    Fact("member.segments", "list(string)", "Codes of the segments that the member is in."),
    Fact("member.language", "string", "Language tag; empty when unknown."),
    Fact("member.purchases_count", "int", "Purchases before this one."),
    Fact(
        "member.days_since_purchase",
        "int",
        "Local days since the purchase before; absent at the first.",
        True,
    ),
    Fact("member.spend_minor", "int", "What earlier purchases cost together, less what came back, in minor units."),
    Fact(
        "member.average_basket_minor", "int", "That divided by the purchases, rounded down; absent without any.", True
    ),
    Fact("member.age_days", "int", "Local days since the member joined."),
    Fact("member.is_birthday", "bool", "Whether the local day is the member's birthday."),
    Fact("member.balance_points", "int", "Balance of the primary wallet before this purchase."),
)

STORE_FACTS = (
    Fact("store.code", "string", "The store."),
    Fact("store.city", "string", "Its city; empty when unknown."),
    Fact("store.region", "string", "Its region; empty when unknown."),
    Fact("store.legal_entity", "string", "The legal entity that sells there."),
    Fact("store.tags", "list(string)", "Its tags."),
)
