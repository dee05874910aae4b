"""What staff gave and took by hand, against their limits."""

from datetime import date

from sqlalchemy import CheckConstraint
from sqlmodel import SQLModel

from loyalty.models.columns import code, local_day, number


class GoodwillDay(SQLModel, table=True):
    """Points that one person moved on one day (UTC), either way, without a second one."""

    __tablename__ = "goodwill_day"
    __table_args__ = (CheckConstraint("points > 0", name="goodwill_day_points"),)

    actor: str = code(key=True, length=160)
    day: date = local_day(key=True)
    points: int = number()
