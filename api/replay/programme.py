"""What the replayed baskets earn: few rules, of every kind whose points can be counted in SQL from a basket alone.

No rule asks for a member's past, since the worker writes that while the replay goes on. ``recount`` says the same rules
a second time.
"""

from typing import Any, Final

import msgspec

from loyalty.programme.document import ProgrammeDocument

_RULES: Final[list[dict[str, Any]]] = [
    {
        "code": "every-dollar",
        "names": {"en": "A point for every dollar"},
        "formula": {"kind": "rate", "points": 1, "per_minor": 100},
    },
    {
        "code": "fresh-produce",
        "names": {"en": "Two more for every dollar of fruit and vegetables"},
        "formula": {"kind": "rate", "points": 2, "per_minor": 100},
        "lines": {"categories": ["produce"]},
        "caps": {"month": 150},
    },
    {
        "code": "own-brand",
        "names": {"en": "A point for every half dollar of our own brand"},
        "formula": {"kind": "rate", "points": 1, "per_minor": 50},
        "lines": {"brands": ["Private"]},
        "rounding": "round",
    },
    {
        "code": "milk",
        "names": {"en": "Three for each milk"},
        "formula": {"kind": "per_item", "points": 3},
        "lines": {"categories": ["grocery/fluid-milk-products"]},
        "caps": {"day": 15},
    },
    {
        "code": "full-trolley",
        "names": {"en": "50 for a full trolley"},
        "formula": {"kind": "fixed", "points": 50},
        "condition": "purchase.total_minor >= 7500 && purchase.lines_count >= 10",
        "caps": {"week": 100},
    },
    {
        "code": "early-bird",
        "names": {"en": "10 for shopping before nine on a working day"},
        "formula": {"kind": "fixed", "points": 10},
        "windows": [{"weekdays": [1, 2, 3, 4, 5], "from_time": "06:00", "until_time": "09:00"}],
    },
    {
        "code": "wednesday",
        "names": {"en": "Half as much again on Wednesdays"},
        "formula": {"kind": "multiplier", "factor": "1.5"},
        "windows": [{"weekdays": [3]}],
    },
]

PROGRAMME: Final = msgspec.convert(
    {
        "name": "Replay of The Complete Journey",
        "currency": "USD",
        "fallback_language": "en",
        "wallets": [{"code": "points", "names": {"en": {"one": "point", "other": "points"}}}],
        "primary_wallet": "points",
        # Points wait for a week and live to the end of the next quarter, so that a year's replay releases and expires.
        "pending": {"kind": "days", "days": 7},
        "expiry": {"kind": "end_of_period", "count": 1, "period": "quarter"},
        "earn_rules": _RULES,
    },
    ProgrammeDocument,
)
