"""Wallets: the points currencies of a programme, and what each owes when points are missing."""

from typing import Literal

from loyalty.programme.part import Part


class ExpiredRestore(Part, frozen=True, kw_only=True):
    """What a reversed spend gives back when the lot it came from has expired meanwhile.

    ``expire``: the points expire again at once. ``grace``: they live for ``grace_days`` more days.
    """

    kind: Literal["expire", "grace"] = "expire"
    grace_days: int = 0


class Wallet(Part, frozen=True, kw_only=True):
    """A points currency. Amounts are integers; ``exponent`` only says where people see the decimal point."""

    code: str
    names: dict[str, dict[str, str]]
    """Language to CLDR plural category (one, few, many, other, ...) to word: ``{"en": {"one": "point", ...}}``."""
    exponent: int = 0
    debt: Literal["debt", "clamp", "write_off"] = "debt"
    """What a claw-back does that finds too few points: owe them, take what is there, or write the rest off."""
    expired_restore: ExpiredRestore = ExpiredRestore()
