"""Birthdays are found on local days, once a year, and made up for."""

from datetime import UTC, date, datetime

import pytest

from api.services import Services
from loyalty.actions.birthdays import last_birthday, record_birthdays
from loyalty.models import Person
from tests.clocks import MovableClock
from tests.loyalty.actions.making import action, pays, with_actions
from tests.programmes import publish
from tests.shop import Shop
from tests.verified import assert_verified

PROGRAMME = with_actions([action("cake", "birthday")], [pays("cake-pays", "cake", 50, condition="member.is_birthday")])
BIRTHDAYS = [
    (date(1990, 3, 5), datetime(2026, 3, 5, 12, tzinfo=UTC), date(2026, 3, 5)),
    (date(1990, 3, 5), datetime(2026, 3, 12, 12, tzinfo=UTC), date(2026, 3, 5)),
    (date(1990, 3, 5), datetime(2026, 3, 13, 12, tzinfo=UTC), None),
    (date(1990, 3, 5), datetime(2026, 3, 4, 21, 30, tzinfo=UTC), date(2026, 3, 5)),  # half past midnight in Moscow
    (date(1992, 2, 29), datetime(2027, 2, 28, 12, tzinfo=UTC), date(2027, 2, 28)),
    (date(1992, 2, 29), datetime(2028, 2, 28, 12, tzinfo=UTC), None),
    (date(1992, 2, 29), datetime(2028, 2, 29, 12, tzinfo=UTC), date(2028, 2, 29)),
    (date(1990, 12, 30), datetime(2027, 1, 3, 12, tzinfo=UTC), date(2026, 12, 30)),
]


@pytest.mark.parametrize(("birthday", "now", "day"), BIRTHDAYS)
def test_a_birthday_is_a_local_day_and_made_up_for_a_week(birthday: date, now: datetime, day: date | None) -> None:
    joined = datetime(2020, 1, 1, tzinfo=UTC)
    assert last_birthday(birthday, zone="Europe/Moscow", enrolled_at=joined, now=now) == day
    assert last_birthday(birthday, zone="Europe/Moscow", enrolled_at=now, now=now) in (day, None)


async def test_each_birthday_is_paid_once_a_year(services: Services, clock: MovableClock, shop: Shop) -> None:
    await publish(services, PROGRAMME)
    members = [await shop.member() for _ in range(5)]
    await born(services, {members[0]: date(1990, 3, 10), members[3]: date(1991, 3, 12), members[4]: date(1992, 7, 1)})
    clock.set(datetime(2026, 3, 13, 9, tzinfo=UTC))
    assert [await walk(services), await walk(services)] == [2, 0]
    clock.set(datetime(2026, 3, 15, 9, tzinfo=UTC))
    assert await walk(services) == 0
    clock.set(datetime(2027, 3, 11, 9, tzinfo=UTC))
    assert await walk(services) == 1
    await assert_verified(services)


async def born(services: Services, birthdays: dict[int, date]) -> None:
    async with services.database.write() as session:
        for member_id, birthday in birthdays.items():
            (await session.get_one(Person, member_id)).birthday = birthday
        await session.commit()


async def walk(services: Services) -> int:
    """As the job does it, two members at a time."""
    handled, after = 0, 0
    while True:
        async with services.database.write() as session:
            step = await record_birthdays(session, now=services.clock(), limit=2, after=after)
            await session.commit()
        handled += step.handled
        if step.last_member_id is None:
            return handled
        after = step.last_member_id
