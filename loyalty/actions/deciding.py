"""Deciding what becomes of a submitted action: a repeat, a refusal, waiting, or posted to its account. In memory."""

from datetime import timedelta

from msgspec.structs import replace

from kernel.errors import DomainError
from loyalty.actions.batch import Batch, Told
from loyalty.actions.errors import (
    ActionCoolingDownError,
    ActionDiffersError,
    ActionLimitError,
    ItemNotPurchasedError,
)
from loyalty.actions.evaluate import EarningAction
from loyalty.actions.freezing import freeze_facts
from loyalty.actions.outcome import ActionOutcome, RecordedAction
from loyalty.actions.posting import Accepted, accept, count_uses, counter_of
from loyalty.actions.preparing import Prepared, check_not_too_late
from loyalty.actions.tiers import take_in_action
from loyalty.answers import differences
from loyalty.ledger.account import Account
from loyalty.ledger.entries import Act, Cause
from loyalty.programme.rules import CAP_PERIODS
from loyalty.purchases.context import member_facts
from loyalty.stores import StoreNotFoundError


def decide(prepared: Prepared | DomainError, batch: Batch, *, actor: str) -> ActionOutcome:
    """Post the action in memory, or say why not. Nothing is changed when an error is answered."""
    if isinstance(prepared, DomainError):
        return prepared
    try:
        repeat = _repeat(prepared, batch)
        if repeat is None:
            return _record(prepared, batch, actor=actor)
        _note_event(prepared, repeat, batch)
        return repeat
    except DomainError as error:
        return error


def _repeat(prepared: Prepared, batch: Batch) -> RecordedAction | None:
    """The action that it is: by the source's own name for it, or by what makes it the same act."""
    submission = prepared.submission
    if submission.event_id is not None and (told := batch.told.get((submission.source, submission.event_id))):
        if told.body != prepared.body:
            raise ActionDiffersError(None, differences=differences(told.body, prepared.body))
        if told.action.member_id != prepared.member_id and not _is_same_act(told.action, prepared, batch):
            raise ActionDiffersError(None, differences=["/member"])
        return told.action
    known = batch.known.get((prepared.member_id, submission.type, prepared.natural_key))
    if known is None:
        return None
    differing = [f"/fields/{name}" for name in _differing_fields(known, prepared)]
    if known.store_id != submission.store_id:
        differing.append("/store")
    if differing:
        raise ActionDiffersError(None, differences=differing)
    return known


def _is_same_act(told: RecordedAction, prepared: Prepared, batch: Batch) -> bool:
    """Whether it is of somebody who was merged into the member since."""
    known = batch.known.get((prepared.member_id, told.type, told.natural_key))
    return known is not None and (known.member_id, known.action_no) == (told.member_id, told.action_no)


def _differing_fields(known: RecordedAction, prepared: Prepared) -> list[str]:
    first, second = known.fields, prepared.submission.fields
    return [name for name in sorted(first.keys() | second.keys()) if first.get(name) != second.get(name)]


def _record(prepared: Prepared, batch: Batch, *, actor: str) -> RecordedAction:
    submission = prepared.submission
    account = batch.accounts[prepared.member_id]
    if submission.store_id is not None and submission.store_id not in batch.zones:
        raise StoreNotFoundError(store_id=submission.store_id)
    action = _earning_action(prepared, account, batch)
    _check_countable(prepared, action, batch)
    facts = member_facts(
        account,
        batch.pasts.get(account.member_id),
        local_date=action.local_date,
        programme=prepared.programme,
    )
    action_no = account.next_action_no()
    waits = prepared.declared.proof == "moderated" and submission.reporter in ("member", "system")
    if waits:
        accepted = Accepted(freeze_facts(action, facts, prepared.programme), {}, ())
    else:
        act = Act(Cause("action", action_no), actor, action.occurred_at, batch.now)
        accepted = accept(action, facts, account, prepared.programme, batch.counters, act)
    batch.counters.count(account.member_id, count_uses(action, prepared.programme, 1), {})
    recorded = RecordedAction(
        member_id=account.member_id,
        action_no=action_no,
        type=submission.type,
        natural_key=prepared.natural_key or f"number:{action_no}",
        status="waiting" if waits else "accepted",
        source=submission.source,
        event_id=submission.event_id,
        channel=submission.channel,
        store_id=submission.store_id,
        occurred_at=prepared.occurred_at,
        local_date=prepared.local_date,
        recorded_at=max(account.recorded_at, batch.now),
        fields=dict(submission.fields),
        programme_version=prepared.programme.version,
        evaluation=accepted.evaluation,
        earned=accepted.earned,
        flags=accepted.flags,
    )
    if not waits and (standing := batch.standings.get(account.member_id)) is not None:
        take_in_action(standing, account, recorded, now=batch.now)
    _note(prepared, recorded, batch)
    return recorded


def _earning_action(prepared: Prepared, account: Account, batch: Batch) -> EarningAction:
    submission = prepared.submission
    return EarningAction(
        type=submission.type,
        occurred_at=prepared.occurred_at,
        local_date=prepared.local_date,
        zone=account.zone,
        place_zone=batch.zones.get(submission.store_id or "", account.zone),
        channel=submission.channel,
        store=submission.store_id,
        fields=dict(submission.fields),
    )


def _check_countable(prepared: Prepared, action: EarningAction, batch: Batch) -> None:
    """Raise what keeps the action from counting: its age, what was not bought, its limits, its cooldown."""
    check_not_too_late(prepared, now=batch.now)
    declared, member_id = prepared.declared, prepared.member_id
    if declared.kind == "review" and (member_id, prepared.natural_key) not in batch.bought:
        raise ItemNotPurchasedError(sku=prepared.natural_key)
    used = batch.counters.headroom(member_id, action.local_date).used_points.get(counter_of(declared.code), {})
    for period in CAP_PERIODS:
        limit = getattr(declared.limits, period)
        if limit is not None and used.get(period, 0) >= limit:
            raise ActionLimitError(period=period, limit=limit)
    cooldown = timedelta(hours=declared.cooldown_hours)
    for other in batch.near.get((member_id, declared.code), ()):
        if abs(other - action.occurred_at) < cooldown:
            raise ActionCoolingDownError(available_at=other + cooldown)


def _note(prepared: Prepared, recorded: RecordedAction, batch: Batch) -> None:
    """Let the submissions after it know."""
    submission = prepared.submission
    batch.posted.append(recorded)
    batch.known[recorded.member_id, recorded.type, recorded.natural_key] = _as_repeat(recorded)
    if prepared.declared.cooldown_hours:
        batch.near.setdefault((recorded.member_id, recorded.type), []).append(recorded.occurred_at)
    if submission.proof is not None:
        batch.proofs.append((recorded, submission.proof))
    _note_event(prepared, recorded, batch)


def _note_event(prepared: Prepared, recorded: RecordedAction, batch: Batch) -> None:
    """The source's name for it now leads to this action, also where the act was known under another name."""
    submission = prepared.submission
    if submission.event_id is None or (submission.source, submission.event_id) in batch.told:
        return
    batch.told[submission.source, submission.event_id] = Told(prepared.body, _as_repeat(recorded))
    batch.events.append((recorded, submission.source, submission.event_id, prepared.body))


def _as_repeat(recorded: RecordedAction) -> RecordedAction:
    return replace(recorded, is_repeat=True)
