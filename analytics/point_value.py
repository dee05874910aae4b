"""What points are worth in money, where the programme says so."""

from collections.abc import Mapping

from msgspec import Struct

from loyalty.accounting.roll_forward import CHANGES, Figures
from loyalty.programme.document import ProgrammeDocument
from loyalty.programme.spending import PointValue


class MinorFigures(Figures, frozen=True, kw_only=True):
    """The same in minor units, each cut to whole ones."""

    rounding: int = 0
    """What cutting lost: with it opening and changes add up to closing here too."""


class Worth(Struct, frozen=True, kw_only=True):
    """Minor units for points, in a currency."""

    currency: str
    by_wallet: Mapping[str, PointValue]

    def minor(self, wallet: str, points: int) -> int | None:
        """What ``points`` are worth, cut towards zero; None: points of this wallet have no value in money."""
        value = self.by_wallet.get(wallet)
        if value is None:
            return None
        whole = abs(points) * value.minor // value.points
        return whole if points >= 0 else -whole

    def figures(self, wallet: str, points: Figures) -> MinorFigures | None:
        """All figures of a roll-forward."""
        minor = {name: self.minor(wallet, getattr(points, name)) for name in Figures.__struct_fields__}
        whole = {name: each for name, each in minor.items() if each is not None}
        if len(whole) < len(minor):
            return None
        rounding = whole["closing"] - whole["opening"] - sum(whole[name] for name in CHANGES)
        return MinorFigures(**whole, rounding=rounding)


def worth_of_points(programme: ProgrammeDocument) -> Worth:
    """What a point pays at the till, by wallet; points that only buy rewards have no value in money."""
    spending = programme.spending
    values = {} if spending.value is None else {spending.wallet or programme.primary_wallet: spending.value}
    return Worth(currency=programme.currency, by_wallet=values)
