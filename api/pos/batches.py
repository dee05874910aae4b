"""``POST /v1/pos/batches``: what a till did while its line was down.

Every item has its own key and gets its own answer, the same bytes as if it had been sent alone. One that cannot be
read or is refused changes nothing for the others, and the whole batch may be sent again, in any order.
"""

import asyncio
from itertools import groupby
from typing import Annotated, Any, cast

import msgspec
from litestar import post
from litestar.exceptions import ClientException, ValidationException
from litestar.params import JSONBody, SkipValidation
from msgspec import Meta, Struct

from api.callers import TerminalCaller
from api.dependencies import ServicesOf, Terminal
from api.documented import refusals
from api.pos.nesting import cut_off
from api.pos.posting import Answer, guarded, post_all, rehearse
from api.pos.refunds import RefundRequest, settle_refund
from api.pos.sales import PurchaseRequest, hold_owner, look_up, named_member, shown_at, submission_of
from api.pos.voids import VoidRequest, settle_void
from api.problems import encode_refusal, misfit, problem
from api.programmes import learn_version
from api.requests import decode_body
from api.services import Services
from kernel.database import ReadSession
from kernel.errors import DomainError, UnprocessableError
from loyalty.purchases.outcome import Submission

MAX_ITEMS = 500
MAX_BATCH_BYTES = 8 * 1024 * 1024

ItemKey = Annotated[str, Meta(min_length=1, max_length=255)]


class BatchItem(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One request as it would have been sent alone: ``purchase``, ``refund`` or ``void``, whichever ``kind`` says."""

    key: ItemKey
    """What would have been its ``Idempotency-Key``."""
    kind: Annotated[str, Meta(examples=["purchase"])]
    purchase: PurchaseRequest | None = None
    refund: RefundRequest | None = None
    void: VoidRequest | None = None


class BatchRequest(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A till's queue, in any order."""

    items: Annotated[list[BatchItem], Meta(min_length=1, max_length=MAX_ITEMS)]


class BatchAnswer(Struct, frozen=True, kw_only=True):
    """What the item of the same place was answered: a receipt, a refund, a void or a problem, by ``status``."""

    key: str | None
    """Null where none could be read."""
    status: int
    body: Any


class BatchAnswers(Struct, frozen=True, kw_only=True):
    """One answer for each item, in their order."""

    items: list[BatchAnswer]


class ItemUnclearError(UnprocessableError):
    """The item does not hold the one request that its kind names."""

    code = "item_unclear"
    title = "An item holds one request, named by its kind: purchase, refund or void."


class _Envelope(Struct, frozen=True, forbid_unknown_fields=True):
    """The batch with its items unread."""

    items: Annotated[list[msgspec.Raw], Meta(min_length=1, max_length=MAX_ITEMS)]


class _Keyed(Struct, frozen=True):
    key: ItemKey | None = None


@post(
    "/v1/pos/batches",
    operation_id="recordBatch",
    summary="Send an offline till's queue",
    description=(
        "At most 500 purchases, refunds and voids, in any order, as often as it takes. The batch itself needs no key. "
        "A member who was stored by card, phone or rotating code is looked up as of `occurred_at`, and earns."
    ),
    tags=["Till: sales"],
    status_code=200,
    request_max_body_size=MAX_BATCH_BYTES,
    responses=refusals(401, 413),
)
async def record_batch(
    data: JSONBody[SkipValidation[BatchRequest]], caller: Terminal, services: ServicesOf
) -> BatchAnswers:
    # ``data`` says what a batch looks like; it is handed over as bytes, so that its items can be read one by one.
    sent = await read_items(cast(bytes, data))
    items = [_read(item) for item in sent]
    answers: list[Answer] = []
    # Neighbouring purchases go together, so that their order with refunds and voids stays the queue's.
    for kind, run in groupby(items, key=lambda item: item.kind if isinstance(item, BatchItem) else ""):
        members = list(run)
        if kind == "purchase":
            answers += await _sell(services, caller, [item for item in members if isinstance(item, BatchItem)])
        else:
            answers += [await _settle(services, caller, item) for item in members]
    return BatchAnswers(
        items=[
            BatchAnswer(
                key=item.key if isinstance(item, BatchItem) else key_of(raw),
                status=answer.status,
                body=msgspec.Raw(answer.body),
            )
            for raw, item, answer in zip(sent, items, answers, strict=True)
        ]
    )


async def read_items(body: bytes) -> list[msgspec.Raw]:
    """The items, unread. Raises ``ClientException`` for what is no batch."""
    try:
        return list(decode_body(body, _Envelope).items)
    except ValidationException:
        raise
    except ClientException:
        # One item that is nested without end would refuse its neighbours. Looking for it takes long: in a thread.
        shallow = await asyncio.to_thread(cut_off, body)
        if shallow == body:
            raise
    return list(decode_body(shallow, _Envelope).items)


def _read(item: msgspec.Raw) -> BatchItem | Answer:
    """The item, or why it cannot be read."""
    try:
        read: BatchItem = decode_body(item, BatchItem)
    except ClientException as error:
        return refusal_of(error)
    requests = {"purchase": read.purchase, "refund": read.refund, "void": read.void}
    if [kind for kind, request in requests.items() if request is not None] != [read.kind]:
        return Answer(*encode_refusal(ItemUnclearError()))
    return read


def refusal_of(error: ClientException) -> Answer:
    """What an item is answered that cannot be read."""
    if isinstance(error, ValidationException):
        return Answer(400, msgspec.json.encode(misfit(error)))
    return Answer(400, msgspec.json.encode(problem(400, "malformed_request", error.detail)))


def key_of(item: msgspec.Raw) -> str | None:
    """The key of an item, also of one that cannot be read otherwise."""
    try:
        key: str | None = decode_body(item, _Keyed).key
    except ClientException:
        return None
    return key


async def _settle(services: Services, caller: TerminalCaller, item: BatchItem | Answer) -> Answer:
    """The answer to a refund or a void, each in a transaction of its own."""
    if isinstance(item, Answer):
        return item

    async def settle() -> Answer:
        if item.refund is not None:
            return Answer(*await settle_refund(services, caller, item.key, item.refund))
        assert item.void is not None, "the item was read as a void"
        return Answer(*await settle_void(services, caller, item.key, item.void))

    return await guarded(settle())


async def _sell(services: Services, caller: TerminalCaller, items: list[BatchItem]) -> list[Answer]:
    """The answers to a run of purchases."""
    prepared = await _submissions(services, caller, items)
    submissions = [each for each in prepared if isinstance(each, Submission)]
    for quoted in {submission.quoted_version for submission in submissions}:
        await learn_version(services, quoted)
    if caller.training:
        recorded = [await guarded(rehearse(services, submission)) for submission in submissions]
    else:
        recorded = await post_all(services, submissions)
    in_order = iter(recorded)
    return [next(in_order) if isinstance(each, Submission) else Answer(*encode_refusal(each)) for each in prepared]


async def _submissions(
    services: Services, caller: TerminalCaller, items: list[BatchItem]
) -> list[Submission | DomainError]:
    """The sales as the domain records them; in the place of one that names nobody, why."""
    async with services.database.read() as session:
        return [await _submission(services, session, caller, item) for item in items]


async def _submission(
    services: Services, session: ReadSession, caller: TerminalCaller, item: BatchItem
) -> Submission | DomainError:
    sale, member_id = item.purchase, None
    assert sale is not None, "the item was read as a purchase"
    try:
        at = shown_at(sale, now=services.clock())
        if sale.member is not None:
            named = named_member(services, caller, sale.member, at=at)
            member_id = named[0] if named else await look_up(services, session, sale.member, at=at)
        if sale.hold_id is not None:
            member_id = await hold_owner(session, caller, sale, buyer_id=member_id)
        return submission_of(services, caller, item.key, sale, member_id=member_id)
    except DomainError as error:
        return error
