"""Pools of codes that rewards hand out: filled from a list, a file or by chance, counted, exported, withdrawn."""

import asyncio
from datetime import datetime
from typing import Annotated, Any, Final, TypeAlias

from litestar import Controller, Request, Response, get, post, put
from litestar.params import JSONBody, QueryParameter
from msgspec import Meta, Struct

from api import fields
from api.callers import StaffCaller
from api.csv_files import csv_answer
from api.dependencies import ServicesOf, Staff
from api.documented import NOT_MODIFIED, created, refusals, write_refusals
from api.etags import conditional
from api.idempotency import Answered, OptionalIdempotencyKey, answer_once, canonical_body, veiled
from api.parameters import CodeInPath, InstantInQuery, as_utc
from api.programmes import current_documents
from api.security.permissions import Permission, requires_permission
from api.uploads import CSV, CouponsUpload, read_upload
from kernel.database import WriteSession, driver
from loyalty.audit import record_change
from loyalty.rewards.coupon_adding import Duplicates, add_coupons, generate_coupons, require_future
from loyalty.rewards.coupon_files import MOST_COUPONS, ReadCoupons, read_coupon_file, read_coupons
from loyalty.rewards.coupon_pools import CouponPool, ListedCoupon, count_pools, list_coupons, withdraw_coupons
from loyalty.rewards.coupons import declared_pools, require_pool

MAX_BYTES: Final = 16 * 1024 * 1024
WRITING: Final = [requires_permission(Permission.COUPONS_WRITE)]

Codes: TypeAlias = Annotated[
    list[Annotated[str, Meta(max_length=1_000)]],
    Meta(min_length=1, max_length=MOST_COUPONS, examples=[["CINEMA-7K2M-94QX"]]),
]
Expiry: TypeAlias = Annotated[datetime, Meta(tz=True, examples=["2030-01-01T00:00:00Z"])]
DuplicatesInQuery = Annotated[
    Duplicates, QueryParameter(name="duplicates", description="What becomes of codes that are there already.")
]


class CouponPoolList(Struct, frozen=True, kw_only=True):
    """By name. Codes themselves are not shown."""

    pools: list[CouponPool]


class NewCoupons(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Codes that a partner or the shop has given."""

    codes: Codes
    duplicates: Duplicates = "refuse"
    """What becomes of codes that stand twice, or that the pool has ever had."""
    expires_at: Expiry | None = None
    """Exclusive: from then on none of them is handed out or good. Null: never."""


class CouponGeneration(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Random codes, which whoever honours them has to be told."""

    codes: Annotated[int, Meta(ge=1, le=MOST_COUPONS, examples=[100])]
    pattern: Annotated[
        str, Meta(max_length=64, pattern="^[!-~]([ -~]*[!-~])?$(?!\\n)", examples=["CINEMA-####-####-####"])
    ] = "################"
    """Each ``#`` becomes a letter or digit, none of which is mistaken for another; at least ten of them."""
    expires_at: Expiry | None = None
    """Exclusive: from then on none of them is handed out or good. Null: never."""


class CouponWithdrawal(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Codes that nobody is to get any more."""

    codes: Codes | None = None
    """Null: all that are free."""
    reason: fields.Reason


class CouponsAdded(Struct, frozen=True, kw_only=True):
    """What was added."""

    pool: str
    codes: int
    skipped: int
    """Codes that stood twice, or that the pool has ever had."""


class CouponsWithdrawn(Struct, frozen=True, kw_only=True):
    """What was withdrawn."""

    pool: str
    codes: int
    """Without those that had been withdrawn before."""


class AdminCouponPools(Controller):
    """Pools of codes."""

    path = "/v1/admin/coupon-pools"
    tags = ("Staff: rewards",)

    @get(
        operation_id="listCouponPools",
        summary="How many codes each pool has",
        description="With the pools that rewards name and nobody has filled.",
        guards=[requires_permission(Permission.PROGRAMME_READ)],
        responses=NOT_MODIFIED | refusals(401, 403, 409),
    )
    async def list_all(self, request: Request[Any, Any, Any], services: ServicesOf) -> Response[CouponPoolList]:
        declared = declared_pools(current_documents(services))
        async with services.database.read() as session:
            pools = await count_pools(await driver(session), declared, now=services.clock())
        return conditional(request, CouponPoolList(pools=pools))

    @post(
        "/{pool:str}/codes",
        operation_id="addCoupons",
        summary="Add codes to a pool",
        description=(
            f"Up to {MOST_COUPONS:,}, all or none: blanks, codes that stand twice and codes that the pool has had are "
            "listed with their places, which count from 1. The pool is one that a reward names, in force or published."
        ),
        request_max_body_size=MAX_BYTES,
        guards=WRITING,
        responses=created(CouponsAdded) | write_refusals(401, 403, 404, 422),
    )
    async def add(
        self,
        pool: CodeInPath,
        data: JSONBody[NewCoupons],
        caller: Staff,
        services: ServicesOf,
        idempotency_key: OptionalIdempotencyKey = None,
    ) -> Answered:
        async def act(session: WriteSession, now: datetime) -> CouponsAdded:
            require_pool(current_documents(services), pool)
            coupons = read_coupons(enumerate(data.codes, 1), duplicates=data.duplicates)
            good_until = as_utc(data.expires_at, "expires_at")
            return await _add(session, caller, pool, coupons, data.duplicates, good_until, now=now)

        listed = veiled(services, "\n".join(data.codes))
        kept = {"pool": pool, "codes": listed, "duplicates": data.duplicates, "expires_at": data.expires_at}
        return await answer_once(services, caller, idempotency_key, canonical_body("addCoupons", kept), act)

    @get(
        "/{pool:str}/file",
        operation_id="exportCoupons",
        summary="The codes of a pool as CSV",
        description=(
            "For whoever honours them: `code`, `state` (`free`, `handed_out`, `used`, `expired`, `withdrawn`), "
            "`redemption_id`, `handed_out_at`, `ended_at` and `expires_at`."
        ),
        media_type=CSV,
        guards=WRITING,
        responses=refusals(401, 403, 404),
    )
    async def export(self, pool: CodeInPath, services: ServicesOf) -> Response[str]:
        async with services.database.read() as session:
            coupons = await list_coupons(await driver(session), pool, now=services.clock())
        columns = ("code", "state", "redemption_id", "handed_out_at", "ended_at", "expires_at")
        # In a thread: tills must be answered meanwhile.
        return await asyncio.to_thread(csv_answer, columns, map(_cells, coupons), name=f"{pool}.csv")

    @put(
        "/{pool:str}/file",
        operation_id="importCoupons",
        summary="Add codes to a pool from a CSV file",
        description=f"UTF-8, one column, `code`; as from a list, told by lines. Up to {MOST_COUPONS:,}.",
        operation_class=CouponsUpload,
        request_max_body_size=MAX_BYTES,
        guards=WRITING,
        responses=write_refusals(401, 403, 404, 415, 422),
    )
    async def add_file(
        self,
        pool: CodeInPath,
        request: Request[Any, Any, Any],
        caller: Staff,
        services: ServicesOf,
        duplicates: DuplicatesInQuery = "refuse",
        expires_at: InstantInQuery = None,
    ) -> CouponsAdded:
        require_pool(current_documents(services), pool)
        content = await read_upload(request, CSV)
        # In a thread: tills must be answered meanwhile.
        coupons = await asyncio.to_thread(read_coupon_file, content, duplicates=duplicates)
        good_until = as_utc(expires_at, "expires_at")
        async with services.database.write() as session:
            added = await _add(session, caller, pool, coupons, duplicates, good_until, now=services.clock())
            await session.commit()
        return added

    @post(
        "/{pool:str}/generations",
        operation_id="generateCoupons",
        summary="Add random codes to a pool",
        description="Codes that nobody can guess, and that the pool has never had.",
        guards=WRITING,
        responses=created(CouponsAdded) | write_refusals(401, 403, 404, 422),
    )
    async def generate(
        self,
        pool: CodeInPath,
        data: JSONBody[CouponGeneration],
        caller: Staff,
        services: ServicesOf,
        idempotency_key: OptionalIdempotencyKey = None,
    ) -> Answered:
        async def act(session: WriteSession, now: datetime) -> CouponsAdded:
            require_pool(current_documents(services), pool)
            expires_at = as_utc(data.expires_at, "expires_at")
            require_future(expires_at, now=now)
            connection = await driver(session)
            await generate_coupons(connection, pool, data.codes, data.pattern, expires_at=expires_at, now=now)
            return await _noted(session, caller, CouponsAdded(pool=pool, codes=data.codes, skipped=0), now=now)

        body = canonical_body("generateCoupons", {"pool": pool, "body": data})
        return await answer_once(services, caller, idempotency_key, body, act)

    @post(
        "/{pool:str}/withdrawals",
        operation_id="withdrawCoupons",
        summary="Withdraw codes that nobody has",
        description=(
            "All of the listed codes or none: those that the pool has not, or that somebody has, are listed with their "
            "places. What somebody has is withdrawn by taking its redemption back."
        ),
        request_max_body_size=MAX_BYTES,
        guards=WRITING,
        responses=created(CouponsWithdrawn) | write_refusals(401, 403, 404, 422),
    )
    async def withdraw(
        self,
        pool: CodeInPath,
        data: JSONBody[CouponWithdrawal],
        caller: Staff,
        services: ServicesOf,
        idempotency_key: OptionalIdempotencyKey = None,
    ) -> Answered:
        async def act(session: WriteSession, now: datetime) -> CouponsWithdrawn:
            lines = None if data.codes is None else read_coupons(enumerate(data.codes, 1), duplicates="skip").lines
            number = await withdraw_coupons(await driver(session), pool, lines)
            withdrawn = CouponsWithdrawn(pool=pool, codes=number)
            await record_change(
                session,
                actor=caller.actor,
                action="coupons.withdrawn",
                subject=f"coupon_pool:{pool}",
                after=withdrawn,
                reason=data.reason,
                now=now,
            )
            return withdrawn

        listed = None if data.codes is None else veiled(services, "\n".join(data.codes))
        body = canonical_body("withdrawCoupons", {"pool": pool, "codes": listed, "reason": data.reason})
        return await answer_once(services, caller, idempotency_key, body, act)


async def _add(
    session: WriteSession,
    caller: StaffCaller,
    pool: str,
    coupons: ReadCoupons,
    duplicates: Duplicates,
    expires_at: datetime | None,
    *,
    now: datetime,
) -> CouponsAdded:
    require_future(expires_at, now=now)
    number = await add_coupons(
        await driver(session), pool, coupons.lines, duplicates=duplicates, expires_at=expires_at, now=now
    )
    skipped = coupons.repeated + len(coupons.lines) - number
    return await _noted(session, caller, CouponsAdded(pool=pool, codes=number, skipped=skipped), now=now)


async def _noted(session: WriteSession, caller: StaffCaller, added: CouponsAdded, *, now: datetime) -> CouponsAdded:
    await record_change(
        session, actor=caller.actor, action="coupons.added", subject=f"coupon_pool:{added.pool}", after=added, now=now
    )
    return added


def _cells(coupon: ListedCoupon) -> tuple[str | None, ...]:
    instants = (coupon.handed_out_at, coupon.ended_at, coupon.expires_at)
    told = (None if at is None else at.isoformat() for at in instants)
    return coupon.coupon, coupon.state, coupon.redemption_id, *told
