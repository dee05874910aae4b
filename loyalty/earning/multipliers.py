"""Multipliers: the factor of every line for the rules of a wallet."""

from math import prod

from msgspec import Struct

from loyalty.earning.selection import Selection
from loyalty.programme.compiled import FACTOR_UNIT, CompiledRule
from loyalty.programme.snapshot import ProgrammeSnapshot


class Factors(Struct, frozen=True):
    """A line's factor is its number in ``lines`` divided by ``divisor``: exact, however many multipliers compound."""

    lines: tuple[int, ...]
    divisor: int


def line_factors(
    programme: ProgrammeSnapshot,
    wallet: str,
    multipliers: list[CompiledRule],
    selection: Selection,
    tier: str,
) -> Factors | None:
    """The factors of the wallet's rules; None where nothing multiplies them.

    Combined as ``stacking.multipliers`` says. The tier's multiplier is one of them, for the primary wallet.
    """
    here = [rule for rule in multipliers if rule.wallet == wallet]
    tier_factor = programme.tier_factor(tier) if wallet == programme.document.primary_wallet else FACTOR_UNIT
    if not here and tier_factor == FACTOR_UNIT:
        return None
    mode = programme.document.stacking.multipliers
    lines = []
    for rules in selection.lines:
        factors = [tier_factor, *(rule.factor if rules & rule.bit else FACTOR_UNIT for rule in here)]
        match mode:
            case "compound":
                lines.append(prod(factors))
            case "add":
                lines.append(max(FACTOR_UNIT + sum(factor - FACTOR_UNIT for factor in factors), 0))
            case "best":
                lines.append(max((factor for factor in factors if factor != FACTOR_UNIT), default=FACTOR_UNIT))
    return Factors(tuple(lines), FACTOR_UNIT ** (len(here) + 1) if mode == "compound" else FACTOR_UNIT)
