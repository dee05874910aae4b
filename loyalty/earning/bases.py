"""The base of each line: the part of its price that earns."""

from loyalty.earning.purchase import EarnLine
from loyalty.programme.compiled import CompiledBase


def base_minor(line: EarnLine, base: CompiledBase) -> int:
    """What of ``line`` earns under ``base``, in minor units, never negative.

    The price less the line's discount, less its shares of what the settings take out. Where the base is without tax,
    the tax of the remaining part goes too, in proportion and rounded half up.
    """
    price_minor = line.amount_minor - line.discount_minor
    earning_minor = price_minor
    if base.less_order_discount:
        earning_minor -= line.order_discount_minor
    if base.less_points_paid:
        earning_minor -= line.points_paid_minor
    if base.less_stored_value:
        earning_minor -= line.stored_value_minor
    if earning_minor <= 0:
        return 0
    if base.tax_included or not line.tax_minor:
        return earning_minor
    tax_minor = (2 * line.tax_minor * earning_minor + price_minor) // (2 * price_minor)
    return max(earning_minor - tax_minor, 0)
