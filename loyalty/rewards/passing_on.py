"""What was issued and paid once, in other hands or with another code: the same, and for as long."""

from datetime import datetime

from kernel.database import WriteSession, driver
from loyalty.ledger.account import Account
from loyalty.models import Redemption, RedemptionCode
from loyalty.programme.windows import zone_named
from loyalty.rewards.codes import new_code
from loyalty.rewards.issuing import next_number


async def pass_on(
    session: WriteSession, issued: Redemption, to: Account, *, given_by: tuple[int, int], actor: str, now: datetime
) -> Redemption:
    """A redemption of ``to``, who is locked, in the place of ``issued``, which the caller ends; its piece goes over.

    It costs no points: ``given_by`` is the redemption that was paid.
    """
    passed_on = Redemption(
        member_id=to.member_id,
        redemption_no=await next_number(await driver(session), to.member_id),
        reward=issued.reward,
        kind=issued.kind,
        programme_version=issued.programme_version,
        state="issued",
        shown_code=new_code(),
        prices=[],
        price_minor=issued.price_minor,
        local_date=now.astimezone(zone_named(to.zone)).date(),
        issued_at=now,
        expires_at=issued.expires_at,
        from_member_id=given_by[0],
        from_redemption_no=given_by[1],
        actor=actor,
    )
    code = RedemptionCode(
        shown_code=passed_on.shown_code, member_id=passed_on.member_id, redemption_no=passed_on.redemption_no
    )
    session.add_all([passed_on, code])
    await session.flush()
    return passed_on
