"""Settings that are neither rules nor wallets: stacking, till, refunds, printed texts."""

from typing import Literal

from loyalty.programme.part import Part


class Stacking(Part, frozen=True, kw_only=True):
    """How several matching rules and multipliers combine."""

    rules: Literal["add", "best"] = "add"
    """``best``: of the rules of a wallet only the one that pays most."""
    multipliers: Literal["compound", "add", "best"] = "compound"
    """x3 and x2 give x6 (``compound``), x4 (``add``: 1 + 2 + 1) or x3 (``best``)."""


class TillSettings(Part, frozen=True, kw_only=True):
    """Times and tolerances of the till."""

    quote_valid_seconds: int = 900
    """A purchase that names a quote this young is evaluated with the quote's programme version."""
    hold_timeout_seconds: int = 1_800
    clock_tolerance_seconds: int = 300
    """A receipt whose ``occurred_at`` is further off is kept, corrected and flagged."""
    offline_days: int = 30
    """Receipts older than this are kept and flagged."""
    voided_redemptions: Literal["refund", "keep"] = "refund"
    """What a void of a sale does with the rewards that were used in it: their points come back, or nothing does."""


class RefundSettings(Part, frozen=True, kw_only=True):
    """What may come back, and how."""

    return_window_days: int = 0
    """Refunds after so many days are flagged; 0: never."""
    without_receipt: bool = False
    without_receipt_maximum_minor: int = 0
    """The most that one return without receipt may be worth; 0: no limit."""
    late_claim_days: int = 30
    """How long a guest's receipt can be claimed."""
    shortfall: Literal["policy", "reduce_cash"] = "policy"
    """A claw-back that finds too few points follows the wallet's debt policy, or lowers the cash paid back."""


class ReceiptTexts(Part, frozen=True, kw_only=True):
    """What a till prints and shows in one language. Placeholders in braces, see ``texts.PLACEHOLDERS``."""

    printed: tuple[str, ...] = ()
    prompt: str = ""
