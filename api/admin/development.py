"""What helps to try the service out and must not exist in production."""

from datetime import datetime

from litestar import get
from msgspec import Struct

from api.dependencies import ServicesOf, Staff
from api.documented import refusals
from api.security.permissions import Permission, requires_permission
from kernel.errors import NotFoundError
from notifications.messages import latest_messages

_SHOWN = 100


class OutboxMessage(Struct, frozen=True, kw_only=True):
    """A message as it would be, or was, delivered."""

    message_id: int
    channel: str
    address: str
    body: str
    created_at: datetime
    sent_at: datetime | None


class Outbox(Struct, frozen=True, kw_only=True):
    """The newest first."""

    messages: list[OutboxMessage]


@get(
    "/v1/admin/development/outbox",
    operation_id="getDevelopmentOutbox",
    summary="The last messages with their codes in clear",
    description="Only where the installation runs in development mode; absent everywhere else.",
    tags=["Development"],
    guards=[requires_permission(Permission.DEVELOPMENT)],
    responses=refusals(401, 403, 404),
)
async def development_outbox(caller: Staff, services: ServicesOf) -> Outbox:
    if not services.settings.development:
        raise NotFoundError
    async with services.database.read() as session:
        messages = await latest_messages(session, limit=_SHOWN)
    return Outbox(
        messages=[
            OutboxMessage(
                message_id=message.message_id,
                channel=message.channel,
                address=message.address,
                body=message.body,
                created_at=message.created_at,
                sent_at=message.sent_at,
            )
            for message in messages
        ]
    )
