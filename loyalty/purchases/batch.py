"""What is read for a batch of submitted sales, and what is decided about it so far."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING

import msgspec

from kernel.database import fetch_together
from loyalty.answers import KeyId, StoredAnswer, answers_from, answers_query, find_answers
from loyalty.budgets import load_budgets
from loyalty.ledger.account import Account, Hold
from loyalty.ledger.due import apply_due
from loyalty.ledger.forwarding import surviving_members
from loyalty.ledger.loading import add_wallets, load_holds, load_live, lock_members, wallets_query
from loyalty.programme.snapshot import ProgrammeSnapshot
from loyalty.programme.versions import Programmes
from loyalty.purchases.context import Context, ContextQueries
from loyalty.purchases.outcome import Submission
from loyalty.purchases.posting import Posted
from loyalty.purchases.timing import BusinessTime, business_time
from loyalty.receipts import RegisteredReceipt, receipts_from, receipts_query
from loyalty.refunds.waiting import WaitingReturn, waiting_from, waiting_query
from loyalty.rewards.vouchers import Voucher
from loyalty.tiers.keeping import catch_up
from loyalty.tiers.loading import standing_queries, standings_from
from loyalty.tiers.standing import Standing

if TYPE_CHECKING:
    from asyncpg import Connection, Record


@dataclass(slots=True)
class Batch:
    """Read once, under the members' locks; its accounts and counters change while its sales are decided."""

    now: datetime
    alone: bool
    """Whether it is one sale that waits for its member, or several that wait for nobody."""
    accounts: dict[int, Account]
    answers: dict[KeyId, StoredAnswer]
    receipts: dict[str, RegisteredReceipt]
    holds: dict[tuple[int, int], Hold]
    waiting: dict[str, list[WaitingReturn]]
    """Receipt key -> refunds that came before their sale."""
    times: dict[KeyId, BusinessTime]
    programmes: dict[KeyId, ProgrammeSnapshot]
    context: Context
    standings: dict[int, Standing]
    """By the programme in force now, whenever a sale happened."""
    survivors: dict[int, int]
    """Of the members whom earlier answers name and who have been merged since. Read for a sale alone."""
    vouchers: Mapping[str, Voucher] = field(default_factory=dict)
    """Code -> the issued reward that a sale names. Read for a sale alone."""
    seen: set[object] = field(default_factory=set)
    posted: list[Posted] = field(default_factory=list)
    guests: list[Submission] = field(default_factory=list)


async def read_batch(
    connection: "Connection[Record]",
    submissions: Sequence[Submission],
    *,
    programmes: Programmes,
    now: datetime,
    alone: bool,
) -> Batch:
    """Lock the members, then read, then apply what is due."""
    accounts = await lock_members(
        connection, {s.member_id for s in submissions if s.member_id is not None}, skip_locked=not alone
    )
    current = programmes.at(now)
    times = {
        s.key: business_time(stated_at=s.sale.stated_at, sent_at=s.sent_at, now=now, settings=current.document.till)
        for s in submissions
    }
    chosen = {s.key: _programme_of(s, times[s.key], programmes) for s in submissions}
    receipt_keys = {s.receipt_key for s in submissions}
    asked = ContextQueries(
        [s.sale for s in submissions],
        accounts,
        days={time.occurred_at.date() for time in times.values()},
        lists={code for programme in chosen.values() for code in programme.segment_index.asked_lists},
    )
    wallets, receipt_rows, answer_rows, waiting_rows, *more_rows = await fetch_together(
        connection,
        wallets_query(accounts),
        receipts_query(receipt_keys),
        answers_query({s.key for s in submissions}),
        waiting_query(receipt_keys),
        *asked.queries,
        *standing_queries(current.tier_plan, accounts),
    )
    context_rows, standing_rows = more_rows[: len(asked.queries)], more_rows[len(asked.queries) :]
    add_wallets(accounts, wallets)
    with_holds = {
        s.member_id
        for s in submissions
        if s.member_id is not None and (s.sale.hold_no is not None or s.sale.redemptions)
    }
    await load_live(connection, accounts, with_lots=with_holds, now=now)
    standings = await standings_from(connection, standing_rows, accounts, current.tier_plan)
    for account in accounts.values():
        apply_due(account, now)
        if account.member_id in standings:
            catch_up(standings[account.member_id], account, now=now)
    receipts, answers = receipts_from(receipt_rows), answers_from(answer_rows)
    answers |= await find_answers(connection, {receipt.first_key for receipt in receipts.values()} - answers.keys())
    context = asked.context(context_rows)
    budgeted = {rule for programme in chosen.values() for rule in programme.budgeted_rules}
    context.counters.budgets = await load_budgets(connection, accounts, budgeted, lock=alone)
    return Batch(
        now=now,
        alone=alone,
        accounts=accounts,
        answers=answers,
        receipts=receipts,
        holds=await load_holds(connection, [key for s in submissions if (key := hold_key(s)) is not None]),
        waiting=waiting_from(waiting_rows),
        times=times,
        programmes=chosen,
        context=context,
        standings=standings,
        survivors=await surviving_members(connection, _members_named(answers.values())) if alone else {},
    )


def hold_key(submission: Submission) -> tuple[int, int] | None:
    """The hold that a sale names: the member it was made for, who may have been merged, and its number."""
    sale = submission.sale
    return None if sale.member_id is None or sale.hold_no is None else (sale.member_id, sale.hold_no)


class _Named(msgspec.Struct):
    member_id: int | None = None


def member_named(body: bytes) -> int | None:
    """The member of a sale's canonical body; None for a guest's."""
    return msgspec.json.decode(body, type=_Named).member_id


def _members_named(answers: Collection[StoredAnswer]) -> set[int]:
    return {member_id for answer in answers if (member_id := member_named(answer.body)) is not None}


def _programme_of(submission: Submission, time: BusinessTime, programmes: Programmes) -> ProgrammeSnapshot:
    """The quote's version while the till honours it, else the one in force when the sale happened."""
    quoted = programmes.version(submission.quoted_version) if submission.quoted_version else None
    return quoted or programmes.at(time.occurred_at)
