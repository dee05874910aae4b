"""What points are worth: a ratio of integers, and only amounts that it turns into whole minor units."""

from math import gcd, lcm

from loyalty.programme.spending import PointValue, SpendSettings


def points_to_minor(points: int, value: PointValue) -> int:
    """What ``points`` stand for, in minor units. Raises ``ValueError`` where that is no whole number."""
    minor, rest = divmod(points * value.minor, value.points)
    if rest:
        raise ValueError(f"{points} points stand for no whole number of minor units")
    return minor


def points_within(minor: int, value: PointValue) -> int:
    """The most points that stand for at most ``minor`` minor units."""
    return minor * value.points // value.minor


def spend_step(settings: SpendSettings, value: PointValue) -> int:
    """A spend is a multiple of this: of the step that is set and of what gives whole minor units."""
    return lcm(settings.step_points, value.points // gcd(value.points, value.minor))
