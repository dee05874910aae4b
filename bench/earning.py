"""How long the evaluation of one purchase takes: 20, 100 and 500 live rules with conditions and caps, 3 lines.

Processor time of one process; two kinds of rules are apart: those of which a third fires, and those of other stores,
which cannot apply and are what a large programme consists of for any one basket.
"""

import statistics
import time
import timeit
from collections.abc import Callable
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any, Final

import msgspec

from bench.spread import Spread
from loyalty.earning.evaluate import evaluate
from loyalty.earning.evaluation import Evaluation
from loyalty.earning.freezing import freeze
from loyalty.earning.purchase import EarningPurchase, EarnLine, Headroom, MemberFacts, StoreFacts
from loyalty.programme.document import ProgrammeDocument
from loyalty.programme.policies import PendingPolicy
from loyalty.programme.rules import Caps, EarnRule, Formula, LineNames
from loyalty.programme.snapshot import ProgrammeSnapshot
from loyalty.programme.tiers import Tier
from loyalty.programme.wallets import Wallet

SIZES: Final = (20, 100, 500)
_PASSES: Final = 100
STORE = StoreFacts(code="riverside", zone="Europe/Berlin", city="Leipzig")
MEMBER = MemberFacts(tier="gold", segments=frozenset({"families"}), purchases_count=12, days_since_purchase=9)
CATEGORIES = ("food/bread", "food/dairy", "drinks/coffee", "home/light")


def programme(rules_count: int, *, applying: bool) -> ProgrammeSnapshot:
    """A third of the rules fires, a third fails its condition, a third is for other stores, lines or tiers.

    Unless ``applying`` all but one rule are for another store.
    """
    rules = [_rule(place, elsewhere=not applying and place > 0) for place in range(rules_count)]
    document = ProgrammeDocument(
        name="Bench",
        currency="EUR",
        fallback_language="en",
        wallets=(Wallet(code="points", names={"en": {"one": "point", "other": "points"}}),),
        primary_wallet="points",
        tiers=(Tier(code="gold", names={"en": "Gold"}, multiplier="1.5"), Tier(code="silver", names={"en": "Silver"})),
        pending=PendingPolicy(kind="days", days=14),
        earn_rules=tuple(rules),
    )
    return ProgrammeSnapshot(1, document)


def _rule(place: int, *, elsewhere: bool) -> EarnRule:
    formulas = (
        Formula(kind="rate", points=1 + place % 4, per_minor=100),
        Formula(kind="per_item", points=5),
        Formula(kind="fixed", points=20),
    )
    fires = place % 3 == 0
    total_minor = 1_000 + place if fires else 90_000 + place
    return EarnRule(
        code=f"rule-{place:03}",
        names={"en": f"Rule {place}"},
        formula=formulas[place // 3 % 3],
        lines=LineNames(categories=("food",)) if place % 2 else LineNames(),
        stores=("hillside",) if elsewhere or place % 6 == 5 else (),
        tiers=("silver",) if place % 6 == 2 else (),
        condition=f"purchase.total_minor >= {total_minor} && member.days_since_purchase < {30 + place}",
        caps=Caps(day=100_000, month=1_000_000) if place % 2 else Caps(day=100_000),
    )


def purchases(count: int) -> list[EarningPurchase]:
    """Baskets of three lines, each with other SKUs and amounts."""
    return [
        EarningPurchase(
            occurred_at=datetime(2026, 11, 27, 12, place % 60, tzinfo=UTC),
            local_date=date(2026, 11, 27),
            zone="Europe/Berlin",
            channel="till",
            currency="EUR",
            lines=tuple(
                EarnLine(
                    line_id=str(line),
                    sku=f"sku-{place * 3 + line}",
                    quantity=Decimal(line + 1),
                    amount_minor=1_000 + place * 7 % 900 + line,
                    tax_minor=100,
                    category=CATEGORIES[(place + line) % 4],
                    brand="ours",
                )
                for line in range(3)
            ),
        )
        for place in range(count)
    ]


def measure_earning() -> dict[str, Any]:
    """Microseconds of one basket by number of rules, and those of freezing what was found out."""
    baskets = purchases(100)
    figures: dict[str, Any] = {}
    for kind, applying in (("applying", True), ("elsewhere", False)):
        for size in SIZES:
            snapshot = programme(size, applying=applying)
            figures[f"rules_{kind}_{size}_us"] = _evaluating(snapshot, baskets)
            print(f"  {size} rules, {kind}: {figures[f'rules_{kind}_{size}_us'].text(1)} us", flush=True)
    figures["rules_freezing_us"] = _freezing(programme(20, applying=True), baskets)
    figures["rules_loading_500_ms"] = _loading(500)
    return figures


def _evaluating(snapshot: ProgrammeSnapshot, baskets: list[EarningPurchase]) -> Spread:
    headroom = Headroom(used_points={rule.code: {"day": 10, "month": 90} for rule in snapshot.rules[::4]})
    return _microseconds_each(lambda basket: evaluate(basket, MEMBER, STORE, snapshot, headroom), baskets)


def _freezing(snapshot: ProgrammeSnapshot, baskets: list[EarningPurchase]) -> Spread:
    answer: Evaluation = evaluate(baskets[0], MEMBER, STORE, snapshot, Headroom())
    return _microseconds_each(lambda _: msgspec.json.encode(freeze(answer)), baskets)


def _loading(rules_count: int) -> Spread:
    """Milliseconds until a version of so many rules is ready: what each server process does once a publish."""
    passes = timeit.repeat(
        lambda: programme(rules_count, applying=True), time.process_time, number=1, repeat=_PASSES // 20
    )
    return _told_in(passes, unit=1e3)


def _microseconds_each(work: Callable[[EarningPurchase], object], baskets: list[EarningPurchase]) -> Spread:
    passes = timeit.repeat(lambda: [work(one) for one in baskets], time.process_time, number=1, repeat=_PASSES)
    return _told_in([seconds / len(baskets) for seconds in passes], unit=1e6)


def _told_in(seconds: list[float], *, unit: float) -> Spread:
    """The median with the quietest pass and the 90th percentile: the slowest on a shared machine tells of others."""
    each = sorted(one * unit for one in seconds)
    return Spread(
        median=round(statistics.median(each), 1),
        lowest=round(each[0], 1),
        highest=round(each[(len(each) - 1) * 9 // 10], 1),
    )
