"""People of staff: taken on, given roles and passwords, gone."""

from datetime import datetime
from typing import Annotated, Any, Literal

from litestar import Controller, Request, Response, delete, get, post, put
from litestar.params import JSONBody
from msgspec import Meta, Struct

from api import fields
from api.admin.views import view_of
from api.cursors import DEFAULT_PER_PAGE, PageCursor, PageLimit, cut, text_position
from api.dependencies import ServicesOf, Staff
from api.documented import NOT_MODIFIED, created, refusals, write_refusals
from api.etags import conditional
from api.idempotency import Answered, OptionalIdempotencyKey, answer_once, canonical_body, veiled
from api.parameters import CodeInPath
from api.security.permissions import Permission, requires_permission
from kernel.database import WriteSession
from loyalty.audit import record_change
from loyalty.staff import change_roles, create_staff, dismiss_staff, list_staff, read_staff, set_password

Role = Literal["owner", "manager", "marketer", "support", "analyst", "finance"]
Roles = Annotated[list[Role], Meta(min_length=1, max_length=6, examples=[["manager"]])]
NewPassword = Annotated[str, Meta(min_length=12, max_length=256, examples=["correct horse battery staple"])]


class StaffView(Struct, frozen=True, kw_only=True):
    """A person who signs in to the console."""

    staff_id: str
    email: str
    name: str
    roles: list[str]
    status: str
    """``active`` or ``left``."""
    locked_until: datetime | None
    """After too many wrong passwords."""
    created_at: datetime


class StaffPage(Struct, frozen=True, kw_only=True):
    """Staff by id, those who left too. ``next`` is the cursor of the next page; null on the last."""

    staff: list[StaffView]
    next: str | None


class StaffMade(Struct, frozen=True, kw_only=True):
    """The new person's id."""

    staff_id: str


class NewStaff(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Who they are and what they may do."""

    email: fields.Email
    name: fields.Line
    password: NewPassword
    roles: Roles


class OtherRoles(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """All roles that the person is to have."""

    roles: Roles


class OtherPassword(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """12 to 256 characters."""

    password: NewPassword


class AdminStaff(Controller):
    """Who works in the console."""

    path = "/v1/admin/staff"
    tags = ("Staff: people",)
    guards = (requires_permission(Permission.STAFF_WRITE),)

    @get(operation_id="listStaff", summary="Staff", responses=refusals(401, 403))
    async def list_page(
        self, services: ServicesOf, cursor: PageCursor = None, limit: PageLimit = DEFAULT_PER_PAGE
    ) -> StaffPage:
        async with services.database.read() as session:
            rows = await list_staff(session, after=text_position(cursor), limit=limit + 1)
        page, following = cut(rows, limit, lambda staff: staff.staff_id)
        return StaffPage(staff=[view_of(staff, StaffView) for staff in page], next=following)

    @get(
        "/{staff_id:str}",
        operation_id="getStaff",
        summary="A person of staff",
        responses=NOT_MODIFIED | refusals(401, 403, 404),
    )
    async def read(
        self, staff_id: CodeInPath, request: Request[Any, Any, Any], services: ServicesOf
    ) -> Response[StaffView]:
        async with services.database.read() as session:
            staff = await read_staff(session, staff_id)
        return conditional(request, view_of(staff, StaffView))

    @post(
        operation_id="createStaff",
        summary="Take on a person of staff",
        responses=created(StaffMade) | write_refusals(401, 403, 422),
    )
    async def create(
        self,
        data: JSONBody[NewStaff],
        caller: Staff,
        services: ServicesOf,
        idempotency_key: OptionalIdempotencyKey = None,
    ) -> Answered:
        async def act(session: WriteSession, now: datetime) -> StaffMade:
            staff = await create_staff(
                session, email=data.email, name=data.name, password=data.password, roles=data.roles, now=now
            )
            await record_change(
                session,
                actor=caller.actor,
                action="staff.created",
                subject=f"staff:{staff.staff_id}",
                after=view_of(staff, StaffView),
                now=now,
            )
            return StaffMade(staff_id=staff.staff_id)

        kept = {
            "email": veiled(services, data.email),
            "name": veiled(services, data.name),
            "password": veiled(services, data.password),
            "roles": data.roles,
        }
        return await answer_once(services, caller, idempotency_key, canonical_body("createStaff", kept), act)

    @put(
        "/{staff_id:str}/roles",
        operation_id="changeStaffRoles",
        summary="Give other roles",
        description="The person has to sign in again. The last owner stays one.",
        responses=write_refusals(401, 403, 404, 422),
    )
    async def change_roles(
        self, staff_id: CodeInPath, data: JSONBody[OtherRoles], caller: Staff, services: ServicesOf
    ) -> StaffView:
        now = services.clock()
        async with services.database.write() as session:
            before = (await read_staff(session, staff_id)).roles
            await change_roles(session, staff_id, roles=data.roles, now=now)
            view = view_of(await read_staff(session, staff_id), StaffView)
            await record_change(
                session,
                actor=caller.actor,
                action="staff.roles_changed",
                subject=f"staff:{staff_id}",
                before={"roles": before},
                after={"roles": view.roles},
                now=now,
            )
            await session.commit()
        return view

    @put(
        "/{staff_id:str}/password",
        operation_id="resetStaffPassword",
        summary="Set a new password",
        description="Ends a lock-out, and signs out whoever signed in with the old one.",
        status_code=204,
        responses=write_refusals(401, 403, 404, 422),
    )
    async def reset_password(
        self, staff_id: CodeInPath, data: JSONBody[OtherPassword], caller: Staff, services: ServicesOf
    ) -> None:
        now = services.clock()
        async with services.database.write() as session:
            await set_password(session, staff_id, password=data.password, now=now)
            await record_change(
                session, actor=caller.actor, action="staff.password_reset", subject=f"staff:{staff_id}", now=now
            )
            await session.commit()

    @delete(
        "/{staff_id:str}",
        operation_id="dismissStaff",
        summary="Note that somebody has left",
        description="They cannot sign in any more; what they did keeps their id. The last owner cannot leave.",
        responses=refusals(401, 403, 404, 409),
    )
    async def dismiss(self, staff_id: CodeInPath, caller: Staff, services: ServicesOf) -> None:
        now = services.clock()
        async with services.database.write() as session:
            await dismiss_staff(session, staff_id, now=now)
            await record_change(session, actor=caller.actor, action="staff.left", subject=f"staff:{staff_id}", now=now)
            await session.commit()
