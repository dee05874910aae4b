"""Why rules did not fire."""

from msgspec import Struct

from loyalty.programme.compiled import Terms

REASONS = {
    "store": "not in this store",
    "channel": "not in this channel",
    "tier": "not for this tier",
    "segment": "not for the member's segments",
    "window": "not at this time",
    "no_matching_lines": "no line of the basket matches",
    "minimum": "the basket is below the minimum",
    "condition_false": "the condition does not hold",
    "condition_error": "the condition could not be decided",
    "field_absent": "the action does not say what it counts",
    "base_zero": "nothing of the matching lines earns",
    "below_one_point": "less than one point",
    "no_base_rule": "no base rule pays",
    "lost_to": "another rule won",
    "capped": "the member has reached the cap",
    "budget": "the budget has no points left",
}


class Reasons(Struct):
    """Collects the reasons while something is evaluated."""

    missed: dict[str, int]
    """Reason to a set of rules, as bits."""
    details: dict[str, str]
    """Rule to what its reason names."""

    def miss(self, rule: Terms, reason: str, detail: str = "") -> None:
        """Note that ``rule`` did not fire because of ``reason``, one of ``REASONS``."""
        self.missed[reason] = self.missed.get(reason, 0) | rule.bit
        if detail:
            self.details[rule.code] = detail
