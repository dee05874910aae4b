"""Two members turn out to be one person."""

from datetime import datetime

from sqlalchemy.dialects.postgresql import insert
from sqlmodel import col, delete, select, update

from kernel.database import WriteSession, driver
from kernel.errors import ConflictError
from kernel.events import publish
from loyalty.events import MembersMerged
from loyalty.ledger.due import apply_due
from loyalty.ledger.entries import Act, Cause
from loyalty.ledger.loading import lock_accounts
from loyalty.ledger.moving import merge_into
from loyalty.ledger.writing import write_accounts
from loyalty.members.ids import MemberNotFoundError
from loyalty.models import Identity, Member, Person, PersonIdentity, SegmentMember
from loyalty.rewards.ending import end_held
from loyalty.tiers.marking import merge_standings

_ADD_COUNTERS = """
INSERT INTO cap_counter (member_id, period, period_key, used)
SELECT $2, period, period_key, used FROM cap_counter WHERE member_id = $1
ON CONFLICT (member_id, period, period_key) DO UPDATE SET used = cap_counter.used || (
    SELECT jsonb_object_agg(rule, points::bigint + coalesce((cap_counter.used ->> rule)::bigint, 0))
    FROM jsonb_each_text(excluded.used) AS added (rule, points)
)
"""


_ADD_SEGMENTS = """
INSERT INTO segment_member (member_id, segment_code, added_at)
SELECT $2, segment_code, added_at FROM segment_member WHERE member_id = $1 ON CONFLICT DO NOTHING
"""


class CannotMergeError(ConflictError):
    """The two are the same member, or one of them is gone."""

    code = "cannot_merge"
    title = "These members cannot be merged."


async def merge_members(
    session: WriteSession, *, source_id: int, target_id: int, actor: str, reason: str, now: datetime
) -> int:
    """Make ``source`` part of ``target``: points, debt, cap counters, identities and places on lists move; its past
    stays where it is.

    What was issued to the source for points that are still held is cancelled. From now on ``source`` leads to
    ``target``: late sales, refunds and look-ups follow. What the target did not know of the person (name, birthday) is
    taken over. Answers the target's number. Raises ``MemberNotFoundError`` and ``CannotMergeError``.
    """
    connection = await driver(session)
    if source_id == target_id:
        raise CannotMergeError("A member cannot be merged into itself.")
    accounts = await lock_accounts(connection, [source_id, target_id], now=now, with_lots=[source_id, target_id])
    if len(accounts) < 2:
        raise MemberNotFoundError
    source, target = accounts[source_id], accounts[target_id]
    for account in (source, target):
        if account.status in {"merged", "erased"}:
            raise CannotMergeError(None, member_status=account.status)
        apply_due(account, now)
    merge_into(source, target, Act(Cause("merge", 0), actor, now, now, reason))
    await write_accounts(connection, [source, target])
    await end_held(session, source_id, actor=actor, now=now)
    await connection.execute(_ADD_COUNTERS, source_id, target_id)
    await connection.execute(_ADD_SEGMENTS, source_id, target_id)
    await session.exec(delete(SegmentMember).where(col(SegmentMember.member_id) == source_id))
    await merge_standings(connection, source_id, target_id, now=now)
    await _move_person(session, source_id, target_id, now=now)
    statement = update(Member).where(col(Member.member_id) == source_id)
    await session.exec(statement.values(status="merged", merged_into=target_id))
    await publish(connection, [MembersMerged(member_id=target_id, source_member_id=source_id, merged_at=now)], now=now)
    return target_id


async def _move_person(session: WriteSession, source_id: int, target_id: int, *, now: datetime) -> None:
    await session.exec(update(Identity).where(col(Identity.member_id) == source_id).values(member_id=target_id))
    known = (await session.exec(select(PersonIdentity).where(col(PersonIdentity.member_id) == source_id))).all()
    if known:
        rows = [{**identity.model_dump(), "member_id": target_id} for identity in known]
        await session.exec(insert(PersonIdentity).values(rows).on_conflict_do_nothing())
        await session.exec(delete(PersonIdentity).where(col(PersonIdentity.member_id) == source_id))
    source, target = await session.get(Person, source_id), await session.get(Person, target_id)
    if source is not None and target is not None:
        target.name = target.name or source.name
        target.birthday = target.birthday or source.birthday
        target.updated_at = now
        await session.flush()
