"""Referrals: members who bring new ones, and when that pays."""

from loyalty.programme.part import Part


class Referrals(Part, frozen=True, kw_only=True):
    """When a friend counts. What both sides get stands in ``action_rules`` for ``action``.

    The action is recorded for the friend (``action.side == "friend"``) and for who referred them
    (``action.side == "referrer"``), for whom ``action.milestone`` says the how-manyeth friend it is: a rule with
    ``action.milestone == 5`` pays a fifth friend once more.
    """

    action: str
    """Code of an action type of the kind ``referral``."""
    attach_days: int = 7
    """So many days after joining a friend may still say who referred them; only who has not bought yet."""
    qualify_days: int = 30
    """So many days after that the friend's purchase counts."""
    minimum_minor: int = 0
    """What the purchase must come to after discounts and returns. Inclusive; never less than 1."""
    condition: str = ""
    """In CEL over the facts of the purchase and of the friend. Empty: any purchase."""
    most_a_day: int | None = None
    """So many friends of one member may qualify within 24 hours; those beyond are held for staff. None: any number."""
    most_a_week: int | None = None
    """The same for seven days."""
    link: str = ""
    """Where a referral leads, with ``{code}`` in it. Empty: the code alone is shown."""
