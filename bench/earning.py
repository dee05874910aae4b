"""How long the evaluation of one purchase takes: 20, 100 and 500 live rules with conditions and caps, 3 lines.

Run as ``python -m bench.earning``. Prints processor time, of the quietest and of the
median pass: on a shared machine the two differ, and only the first says what the code costs. About a third of the
rules fire. Both columns are paid by every purchase; explaining is paid by whoever asks.
"""

import gc
import statistics
import time
import timeit
from collections.abc import Callable
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import NamedTuple

import msgspec

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

REPEATS = 200
STORE = StoreFacts(code="riverside", zone="Europe/Berlin", city="Leipzig")
MEMBER = MemberFacts(tier="gold", segments=frozenset({"families"}), purchases_count=12, days_since_purchase=9)
CATEGORIES = ("food/bread", "food/dairy", "drinks/coffee", "home/light")


def programme(rules_count: int) -> ProgrammeSnapshot:
    """A third of the rules fire, a third fails its condition, a third is for other stores, lines or tiers."""
    rules = [_rule(place) for place in range(rules_count)]
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


def _rule(place: int) -> EarnRule:
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
        stores=("hillside",) if place % 6 == 5 else (),
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


class Microseconds(NamedTuple):
    """Processor time of one basket: of the quietest pass and of the median pass."""

    best: float
    median: float

    def __str__(self) -> str:
        return f"{self.best:.1f} / {self.median:.1f}"


def microseconds_each(work: Callable[[EarningPurchase], object], baskets: list[EarningPurchase]) -> Microseconds:
    """The time of ``work`` over ``REPEATS`` passes through ``baskets``."""
    passes = timeit.repeat(lambda: [work(one) for one in baskets], time.process_time, number=1, repeat=REPEATS)
    each = [seconds / len(baskets) * 1e6 for seconds in passes]
    return Microseconds(min(each), statistics.median(each))


def measure(rules_count: int, baskets: list[EarningPurchase]) -> tuple[int, Microseconds, Microseconds]:
    """Rules that fire, and the microseconds of evaluating and of freezing with encoding."""
    snapshot = programme(rules_count)
    headroom = Headroom(used_points={rule.code: {"day": 10, "month": 90} for rule in snapshot.rules[::4]})

    def evaluated(purchase: EarningPurchase) -> Evaluation:
        return evaluate(purchase, MEMBER, STORE, snapshot, headroom)

    answer = evaluated(baskets[0])
    evaluating = microseconds_each(evaluated, baskets)
    freezing = microseconds_each(lambda _: msgspec.json.encode(freeze(answer)), baskets)
    return len(answer.fired), evaluating, freezing


def main() -> None:
    """Print the table."""
    baskets = purchases(100)
    gc.freeze()
    print(f"{'rules':>6} {'fire':>5} {'evaluate us (best / median)':>28} {'freeze us':>16}")
    for rules_count in (20, 100, 500):
        fired, evaluating, freezing = measure(rules_count, baskets)
        print(f"{rules_count:>6} {fired:>5} {evaluating!s:>28} {freezing!s:>16}")


if __name__ == "__main__":
    main()
