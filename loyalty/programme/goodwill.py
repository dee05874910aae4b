"""Points given by hand: for which reasons, how many by whom, and how long they live."""

from msgspec import field

from loyalty.programme.part import Part


class GoodwillLimit(Part, frozen=True, kw_only=True):
    """What one person of a role moves, either way, without a second one. 0: no limit."""

    points_at_once: int = 0
    points_a_day: int = 0


def _by_role() -> dict[str, GoodwillLimit]:
    return {"support": GoodwillLimit(points_at_once=1_000)}


class GoodwillSettings(Part, frozen=True, kw_only=True):
    """Corrections by staff."""

    reasons: tuple[str, ...] = ()
    """The reason codes that there are; none: any."""
    expires_after_days: int = 0
    """How long given points live; 0: as long as the programme's points do."""
    limits: dict[str, GoodwillLimit] = field(default_factory=_by_role)
    """By role. A role that is not named has no limit."""
