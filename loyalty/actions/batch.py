"""What is read for a batch of submitted actions, and what is decided about it so far."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, NamedTuple

from kernel.database import Query, Row, fetch_together
from kernel.errors import DomainError
from loyalty.actions.outcome import ActionSubmission, Proof, RecordedAction
from loyalty.actions.preparing import Prepared, prepare
from loyalty.actions.rows import BOOKED_COLUMNS, booked_from
from loyalty.budgets import load_budgets
from loyalty.counters import CounterQuery, Counters
from loyalty.ledger.account import Account
from loyalty.ledger.due import apply_due
from loyalty.ledger.forwarding import surviving_members
from loyalty.ledger.loading import lock_accounts
from loyalty.members.ids import MemberNotFoundError
from loyalty.programme.versions import Programmes
from loyalty.purchases.context import Past, past_query, pasts_from
from loyalty.tiers.keeping import catch_up
from loyalty.tiers.loading import load_standings
from loyalty.tiers.standing import Standing

if TYPE_CHECKING:
    from asyncpg import Connection, Record

_FAMILIES = """
WITH RECURSIVE family (survivor_id, member_id) AS (
    SELECT m, m FROM unnest($1::bigint[]) AS m
    UNION SELECT f.survivor_id, m.member_id FROM family f JOIN member m ON m.merged_into = f.member_id
)
"""
_KNOWN = f"""{_FAMILIES}
SELECT DISTINCT f.survivor_id, {", ".join(f"a.{name}" for name in BOOKED_COLUMNS)}
FROM unnest($2::bigint[], $3::text[], $4::text[]) AS w (survivor_id, type, natural_key)
JOIN family f USING (survivor_id)
JOIN action a ON a.member_id = f.member_id AND a.type = w.type AND a.natural_key = w.natural_key
WHERE a.status IN ('accepted', 'waiting')
"""  # noqa: S608 - put together from constants
_TOLD = f"""
SELECT e.source, e.event_id, e.body, {", ".join(f"a.{name}" for name in BOOKED_COLUMNS)}
FROM unnest($1::text[], $2::text[]) AS w (source, event_id)
JOIN action_event e USING (source, event_id) JOIN action a USING (member_id, action_no)
"""  # noqa: S608 - put together from constants
_NEAR = f"""{_FAMILIES}
SELECT f.survivor_id, a.type, a.occurred_at
FROM unnest($2::bigint[], $3::text[], $4::timestamptz[], $5::timestamptz[])
     AS w (survivor_id, type, after_at, before_at)
JOIN family f USING (survivor_id)
JOIN action a ON a.member_id = f.member_id AND a.type = w.type
WHERE a.status IN ('accepted', 'waiting') AND a.occurred_at > w.after_at AND a.occurred_at < w.before_at
"""  # noqa: S608 - put together from constants
_BOUGHT = f"""{_FAMILIES}
SELECT DISTINCT f.survivor_id, l.sku
FROM unnest($2::bigint[], $3::text[]) AS w (survivor_id, sku)
JOIN family f USING (survivor_id)
JOIN purchase p ON p.member_id = f.member_id AND NOT p.voided
JOIN purchase_line l ON l.member_id = p.member_id AND l.purchase_no = p.purchase_no AND l.sku = w.sku
WHERE l.refunded_quantity < l.quantity
"""  # noqa: S608 - put together from constants
_ZONES = "SELECT store_id, zone FROM store WHERE store_id = ANY($1::text[])"


class Told(NamedTuple):
    """What an event of another system became."""

    body: bytes
    action: RecordedAction


@dataclass(slots=True)
class Batch:
    """Read once, under the members' locks; its accounts and counters change while its actions are decided.

    Members are surviving ones throughout: what those did who were merged into them is theirs.
    """

    now: datetime
    accounts: dict[int, Account]
    prepared: list[Prepared | DomainError]
    """In the order of the submissions."""
    counters: Counters
    pasts: dict[int, Past]
    zones: dict[str, str]
    """Store -> its zone."""
    known: dict[tuple[int, str, str], RecordedAction]
    """Member, type and natural key -> the action that it is."""
    told: dict[tuple[str, str], Told]
    """Source and event id -> what it was."""
    near: dict[tuple[int, str], list[datetime]]
    """Member and type -> instants of such actions around those that are submitted, where there is a cooldown."""
    bought: set[tuple[int, str]]
    """Member and SKU, of those that are reviewed."""
    standings: dict[int, Standing]
    posted: list[RecordedAction] = field(default_factory=list)
    proofs: list[tuple[RecordedAction, Proof]] = field(default_factory=list)
    events: list[tuple[RecordedAction, str, str, bytes]] = field(default_factory=list)
    """Action, source, event id, body."""


async def read_batch(
    connection: "Connection[Record]", submissions: Sequence[ActionSubmission], *, programmes: Programmes, now: datetime
) -> Batch:
    """Lock the members, then read, then apply what is due."""
    accounts, owners = await _lock(connection, {s.member_id for s in submissions}, now=now)
    prepared = [_prepared(s, accounts.get(owners[s.member_id]), programmes, now) for s in submissions]
    fit = [each for each in prepared if isinstance(each, Prepared)]
    counted = CounterQuery(accounts, {each.local_date for each in fit})
    stores, pasts, known, told, near, bought, counters = await fetch_together(
        connection,
        Query(_ZONES, (list({s.store_id for s in submissions if s.store_id is not None}),)),
        past_query(accounts, {code for each in fit for code in each.programme.segment_index.asked_lists}),
        _known_query(fit),
        _told_query(submissions),
        _near_query(fit),
        _bought_query(fit),
        counted.query,
    )
    plan = programmes.at(now).tier_plan
    standings = await load_standings(connection, accounts, plan)
    for account in accounts.values():
        apply_due(account, now)
        if account.member_id in standings:
            catch_up(standings[account.member_id], account, now=now)
    batch = Batch(
        now=now,
        accounts=accounts,
        prepared=prepared,
        counters=counted.counters(counters),
        pasts=pasts_from(pasts),
        zones=dict(stores),
        known=_by_act(known),
        told={
            (source, event_id): Told(body, booked_from(row, is_repeat=True)) for source, event_id, body, *row in told
        },
        near=_grouped(near),
        bought={(member_id, sku) for member_id, sku in bought},
        standings=standings,
    )
    budgeted = {rule for each in fit for rule in each.programme.actions[each.submission.type].budgeted_rules}
    batch.counters.budgets = await load_budgets(connection, accounts, budgeted)
    return batch


async def _lock(
    connection: "Connection[Record]", member_ids: Collection[int], *, now: datetime
) -> tuple[dict[int, Account], dict[int, int]]:
    """The surviving members, locked, and who survives for each of ``member_ids``."""
    while True:
        survivors = await surviving_members(connection, member_ids)
        owners = {member_id: survivors.get(member_id, member_id) for member_id in member_ids}
        accounts = await lock_accounts(connection, set(owners.values()), now=now)
        if all(account.merged_into is None for account in accounts.values()):
            return accounts, owners
        # One was merged between the look-up and the lock: look again.


def _prepared(
    submission: ActionSubmission, account: Account | None, programmes: Programmes, now: datetime
) -> Prepared | DomainError:
    if account is None or account.status == "erased":
        return MemberNotFoundError()
    try:
        return prepare(submission, account, programmes=programmes, now=now)
    except DomainError as error:
        return error


def _known_query(prepared: Sequence[Prepared]) -> Query:
    members = [each.member_id for each in prepared]
    types, keys = [each.submission.type for each in prepared], [each.natural_key for each in prepared]
    return Query(_KNOWN, (members, members, types, keys))


def _told_query(submissions: Sequence[ActionSubmission]) -> Query:
    told = [(s.source, s.event_id) for s in submissions if s.event_id is not None]
    return Query(_TOLD, ([source for source, _ in told], [event_id for _, event_id in told]))


def _near_query(prepared: Sequence[Prepared]) -> Query:
    cooling = [each for each in prepared if each.declared.cooldown_hours]
    spans = [timedelta(hours=each.declared.cooldown_hours) for each in cooling]
    members = [each.member_id for each in cooling]
    return Query(
        _NEAR,
        (
            members,
            members,
            [each.submission.type for each in cooling],
            [each.occurred_at - span for each, span in zip(cooling, spans, strict=True)],
            [each.occurred_at + span for each, span in zip(cooling, spans, strict=True)],
        ),
    )


def _bought_query(prepared: Sequence[Prepared]) -> Query:
    reviews = [(each.member_id, each.natural_key) for each in prepared if each.declared.kind == "review"]
    members = [member_id for member_id, _ in reviews]
    return Query(_BOUGHT, (members, members, [sku for _, sku in reviews]))


def _by_act(rows: Sequence[Row]) -> dict[tuple[int, str, str], RecordedAction]:
    actions = ((survivor_id, booked_from(row, is_repeat=True)) for survivor_id, *row in rows)
    return {(survivor_id, action.type, action.natural_key): action for survivor_id, action in actions}


def _grouped(rows: Sequence[tuple[int, str, datetime]]) -> dict[tuple[int, str], list[datetime]]:
    instants: dict[tuple[int, str], list[datetime]] = {}
    for member_id, action_type, occurred_at in rows:
        instants.setdefault((member_id, action_type), []).append(occurred_at)
    return instants
