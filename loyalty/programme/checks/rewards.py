"""Rewards."""

from collections.abc import Mapping

from loyalty.programme.cel import MEMBERS
from loyalty.programme.checks.conditions import check_condition
from loyalty.programme.checks.kinds import check_kind
from loyalty.programme.checks.lines import check_lines
from loyalty.programme.checks.names import check_code, check_codes, check_known, check_names
from loyalty.programme.checks.segments import check_segments_known
from loyalty.programme.checks.windows import check_window
from loyalty.programme.document import ProgrammeDocument
from loyalty.programme.part import MAX_EXACT
from loyalty.programme.problems import Problems, ProgrammeProblem
from loyalty.programme.rewards import DISCOUNT_KINDS, PAYOUT, TRANSFERABLE_KINDS, Reward, RewardEffect
from loyalty.programme.rules import CAP_PERIODS

_OF_LINES = ("lines", "except_lines", "minimum_basket_minor")
EFFECT_MEMBERS: Mapping[str, tuple[str, ...]] = {
    "gift": (),
    "partner": ("pool",),
    "percent_discount": ("share_bp", "maximum_minor", *_OF_LINES),
    "amount_discount": ("amount_minor", *_OF_LINES),
    "free_item": _OF_LINES,
    "coupon": ("pool",),
    "wallet_points": ("wallet", "points"),
    PAYOUT: ("amount_minor", "minimum_units", "maximum_units"),
}
WHOLE_BP = 10_000
MAX_VALID_DAYS = 3_650
MAX_UNITS = 1_000_000


def check_rewards(document: ProgrammeDocument) -> Problems:
    """Every reward."""
    yield from check_codes([reward.code for reward in document.rewards], "$.rewards")
    for place, reward in enumerate(document.rewards):
        path = f"$.rewards[{place}]"
        yield from check_names(reward.names, f"{path}.names", document.fallback_language)
        if reward.descriptions:
            yield from check_names(reward.descriptions, f"{path}.descriptions", document.fallback_language)
        yield from _check_effect(reward.effect, f"{path}.effect", document)
        yield from _check_prices(reward, path, document)
        yield from _check_audience(reward, path, document)
        yield from _check_limits(reward, path)
        yield from _check_payout(reward, path)
        yield from _check_transfer(reward, path)


def _check_effect(effect: RewardEffect, path: str, document: ProgrammeDocument) -> Problems:
    yield from check_kind(effect, effect.kind, EFFECT_MEMBERS, path)
    if effect.kind == "percent_discount" and not 1 <= effect.share_bp <= WHOLE_BP:
        yield ProgrammeProblem(f"{path}.share_bp", "out_of_range", f"is not from 1 to {WHOLE_BP}")
    if effect.kind in ("amount_discount", PAYOUT) and effect.amount_minor < 1:
        yield ProgrammeProblem(f"{path}.amount_minor", "out_of_range", "is below 1")
    if effect.kind == "coupon" and not effect.pool:
        yield ProgrammeProblem(f"{path}.pool", "missing", "names no pool of codes")
    if effect.pool:
        yield from check_code(effect.pool, f"{path}.pool")
    if effect.kind == "wallet_points":
        wallets = (wallet.code for wallet in document.wallets)
        yield from check_known(effect.wallet, wallets, f"{path}.wallet", "unknown_wallet")
        if effect.points < 1:
            yield ProgrammeProblem(f"{path}.points", "out_of_range", "is below 1")
    yield from check_lines(effect.lines, f"{path}.lines")
    yield from check_lines(effect.except_lines, f"{path}.except_lines")


def _check_prices(reward: Reward, path: str, document: ProgrammeDocument) -> Problems:
    known = [wallet.code for wallet in document.wallets]
    seen: set[str] = set()
    for place, price in enumerate(reward.prices):
        where = f"{path}.prices[{place}]"
        wallet = price.wallet or document.primary_wallet
        yield from check_known(wallet, known, f"{where}.wallet", "unknown_wallet")
        if price.points < 1:
            yield ProgrammeProblem(f"{where}.points", "out_of_range", "is below 1; leave the price out for nothing")
        if wallet in seen:
            yield ProgrammeProblem(f"{where}.wallet", "duplicate_wallet", f"{wallet!r} is to be paid twice")
        seen.add(wallet)
    if reward.effect.kind == "wallet_points" and reward.effect.wallet in seen:
        yield ProgrammeProblem(f"{path}.effect.wallet", "buys_itself", "is paid with points of the same wallet")
    if reward.auto_issue and not reward.prices:
        yield ProgrammeProblem(f"{path}.auto_issue", "free_for_ever", "would issue what costs nothing again and again")
    if reward.auto_issue and reward.effect.kind not in DISCOUNT_KINDS:
        yield ProgrammeProblem(f"{path}.auto_issue", "not_for_this_kind", "is for what is used at the till")


def _check_transfer(reward: Reward, path: str) -> Problems:
    if reward.transferable and reward.effect.kind not in TRANSFERABLE_KINDS:
        yield ProgrammeProblem(f"{path}.transferable", "not_for_this_kind", "cannot be given on without its code")


def _check_audience(reward: Reward, path: str, document: ProgrammeDocument) -> Problems:
    for place, tier in enumerate(reward.tiers):
        tiers = (known.code for known in document.tiers)
        yield from check_known(tier, tiers, f"{path}.tiers[{place}]", "unknown_tier")
    yield from check_segments_known(reward.segments, f"{path}.segments", document)
    for name in ("stores", "channels"):
        for place, text in enumerate(getattr(reward, name)):
            if not text.strip():
                yield ProgrammeProblem(f"{path}.{name}[{place}]", "empty_text", "is empty")
    for place, window in enumerate(reward.windows):
        yield from check_window(window, f"{path}.windows[{place}]")
    yield from check_condition(reward.condition, f"{path}.condition", MEMBERS)


def _check_limits(reward: Reward, path: str) -> Problems:
    for period in CAP_PERIODS:
        limit = getattr(reward.limits, period)
        if limit is not None and limit < 1:
            yield ProgrammeProblem(f"{path}.limits.{period}", "out_of_range", "is below 1; leave it out for no limit")
    if reward.low_stock is not None and reward.low_stock < 0:
        yield ProgrammeProblem(f"{path}.low_stock", "out_of_range", "is below 0")
    if reward.low_stock is not None and reward.stock is None and not reward.effect.pool:
        yield ProgrammeProblem(f"{path}.low_stock", "never_low", "is of a reward with neither a stock nor a pool")
    if not 0 <= reward.valid_days <= MAX_VALID_DAYS:
        yield ProgrammeProblem(f"{path}.valid_days", "out_of_range", f"is not from 0 to {MAX_VALID_DAYS}")


def _check_payout(reward: Reward, path: str) -> Problems:
    """Money is not given for nothing, and never without a bound."""
    if reward.effect.kind != PAYOUT:
        return
    effect = reward.effect
    if not 1 <= effect.minimum_units <= MAX_UNITS:
        yield ProgrammeProblem(f"{path}.effect.minimum_units", "out_of_range", f"is not from 1 to {MAX_UNITS}")
    if not max(1, effect.minimum_units) <= effect.maximum_units <= MAX_UNITS:
        text = f"is not from the minimum to {MAX_UNITS}"
        yield ProgrammeProblem(f"{path}.effect.maximum_units", "out_of_range", text)
    elif max(effect.amount_minor, *(price.points for price in reward.prices), 0) * effect.maximum_units > MAX_EXACT:
        yield ProgrammeProblem(f"{path}.effect.maximum_units", "out_of_range", f"makes more than {MAX_EXACT}")
    if not reward.prices:
        yield ProgrammeProblem(f"{path}.prices", "money_for_nothing", "is empty: a payout costs points")
    if reward.at_expiry != "return":
        yield ProgrammeProblem(f"{path}.at_expiry", "not_for_this_kind", "takes points for money that was not paid")
    if reward.price_minor:
        yield ProgrammeProblem(f"{path}.price_minor", "not_for_this_kind", "is taken by a till")
