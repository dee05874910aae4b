"""The end of a membership, asked for by the member."""

from litestar import delete

from api.dependencies import Member, ServicesOf
from api.documented import refusals
from api.leaving import leave_for_good
from kernel.database import driver
from loyalty.access.sessions import require_recent_sign_in
from loyalty.members.family import family_of
from loyalty.members.survivors import surviving_member

REASON = "own_request"


@delete(
    "/v1/me",
    operation_id="eraseMe",
    summary="Erase oneself for good",
    description=(
        "Needs a session that was opened with a one-time code within the last ten minutes; otherwise sign in again "
        "first. Points are forfeited, personal data is removed, every phone is signed out. Purchases stay in the books "
        "under a number that leads to nobody."
    ),
    tags=["Member"],
    responses=refusals(401, 403, 404, 409),
)
async def erase_me(caller: Member, services: ServicesOf) -> None:
    now = services.clock()
    async with services.database.write() as session:
        member = await surviving_member(session, caller.member_id)
        family = await family_of(await driver(session), member.member_id)
        await require_recent_sign_in(session, family, caller.session_id, now=now)
        await leave_for_good(session, member.member_id, actor=caller.actor, reason=REASON, now=now)
        await session.commit()
