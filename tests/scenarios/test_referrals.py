"""Referrals: what a friend has to do before anybody is paid."""

from tests.journeys.test_referrals import deliver, inviting, phones
from tests.programmes import publish
from tests.scenarios.checkout import Checkout
from tests.scenarios.registry import scenario


@scenario("G37")
async def test_g37_a_friend_who_only_signs_up_pays_nobody(checkout: Checkout) -> None:
    await checkout.open_with()
    await publish(checkout.services, inviting())
    referrer, friend = await phones(checkout.client, checkout.shop, 2)
    assert (await friend.says(await referrer.code())).status_code == 201
    await deliver(checkout.services)
    assert (await checkout.balance(referrer.member_id), await checkout.balance(friend.member_id)) == (0, 0)
    await checkout.sells(friend.member_id)
    await deliver(checkout.services)
    assert (await checkout.balance(referrer.member_id), await checkout.balance(friend.member_id)) == (100, 50)
