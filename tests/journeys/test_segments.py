"""A rule for a segment: the same points at the quote, at the sale and at the refund, whoever is on the list by then."""

import httpx

from api.services import Services
from loyalty.members.ids import member_public_id
from tests.journeys.tills import balances, basket, done, refund, sale
from tests.programmes import fixed, programme, publish
from tests.shop import Shop

FOR_FRIENDS = programme(
    fixed("friend", 7, segments=["friends"]),
    fixed("newcomer", 3, segments=["new"]),
    segments=[
        {"code": "friends", "names": {"en": "Friends"}},
        {"code": "new", "names": {"en": "New"}, "condition": "member.purchases_count == 0"},
    ],
)


async def test_a_sale_is_evaluated_with_the_segments_of_its_moment(
    services: Services, client: httpx.AsyncClient, shop: Shop
) -> None:
    await publish(services, FOR_FRIENDS)
    till, staff = await shop.till(), await shop.staff("manager")
    friend, other = await shop.member(), await shop.member()
    path = "/v1/admin/segments/friends/members"
    await client.put(path, headers=staff, json={"members": [member_public_id(friend)]})
    quote = await done(client, till, "quotes", basket(member={"id": member_public_id(friend)}))
    assert [each["points"] for each in quote["earn"]] == [10]
    for number, member in (("1", friend), ("2", other)):
        await done(client, till, "purchases", sale(number, member={"id": member_public_id(member)}))
    assert await balances(services) == [10, 3]
    await client.put(path, headers=staff, json={"members": [member_public_id(other)]})
    for number in ("1", "2"):
        await done(client, till, "refunds", refund(number, f"r{number}"))
    assert await balances(services) == [0, 0]
