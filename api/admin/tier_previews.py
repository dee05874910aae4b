"""What publishing a draft would do to tiers."""

from litestar import get
from msgspec import Struct

from api.dependencies import ServicesOf
from api.documented import refusals
from api.parameters import CodeInPath
from api.programmes import tiers_in_force
from api.security.permissions import Permission, requires_permission
from loyalty.programme.drafts import document_of, read_draft
from loyalty.programme.publishing import ProgrammeInvalidError
from loyalty.programme.validation import problems_of
from loyalty.tiers.previewing import MOST_MEMBERS, preview_tiers


class TierMovesView(Struct, frozen=True, kw_only=True):
    """So many of the members looked at would go from one tier to another. To the same: they would stay."""

    from_tier: str | None
    to_tier: str | None
    members: int


class TierPreviewView(Struct, frozen=True, kw_only=True):
    """Who would move if the draft were published now."""

    draft_id: str
    revision: int
    members: int
    """All members."""
    members_examined: int
    one_in: int
    """Every so-many-th member was looked at; 1: all of them."""
    moves: list[TierMovesView]


@get(
    "/v1/admin/programme/drafts/{draft_id:str}/tier-preview",
    operation_id="previewDraftTiers",
    summary="Who would move between tiers if the draft were published",
    description=(
        f"Counted from what members have bought and done so far; of more than {MOST_MEMBERS:,} members every "
        "so-many-th is looked at. Nothing is written. A draft that cannot be published is refused with its problems."
    ),
    tags=["Staff: programme"],
    guards=[requires_permission(Permission.PROGRAMME_READ)],
    responses=refusals(401, 403, 404, 422),
)
async def preview_draft_tiers(draft_id: CodeInPath, services: ServicesOf) -> TierPreviewView:
    async with services.database.read() as session:
        draft = await read_draft(session, draft_id)
    document = document_of(draft)
    if problems := await problems_of(document):
        raise ProgrammeInvalidError(problems)
    async with services.database.read() as session:
        preview = await preview_tiers(session, document, tiers_in_force(services), now=services.clock())
    return TierPreviewView(
        draft_id=draft_id,
        revision=draft.revision,
        members=preview.members,
        members_examined=preview.members_examined,
        one_in=preview.one_in,
        moves=[
            TierMovesView(from_tier=move.from_tier, to_tier=move.to_tier, members=move.members)
            for move in preview.moves
        ],
    )
