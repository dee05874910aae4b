"""Jobs as staff see them."""

from datetime import datetime
from typing import Any, Final

from msgspec import Struct

from api.admin.views import view_of
from api.csv_files import Cell
from kernel.database import ReadSession
from loyalty.jobs.items import count_items
from loyalty.members.ids import member_public_id
from loyalty.models import Job, JobItem


class JobSummary(Struct, frozen=True, kw_only=True):
    """A job and how far it is."""

    job_id: int
    kind: str
    """``retroactive``, ``grant``, ``standing``, ``segment``, ``tier``, ``reward``; may grow."""
    state: str
    """``listing`` (its list is to be sent), ``previewing``, ``previewed``, ``applying``, ``applied``, ``reversing``,
    ``reversed``."""
    reason: str
    requested_by: str
    requested_at: datetime
    task_id: int | None
    """The task that works on it, or did last."""
    members: int
    points_given: int
    """As previewed."""
    points_taken: int
    problems: int
    """Lines of its list that could not be used."""


class JobView(JobSummary, frozen=True, kw_only=True):
    """A job with what was asked and what became of its members."""

    parameters: dict[str, Any]
    items: dict[str, int]
    """State to members: ``listed``, ``previewed``, ``applied``, ``skipped``, ``reversed``, ``kept``."""


class JobPage(Struct, frozen=True, kw_only=True):
    """The latest first. ``next`` is the cursor of the next page; null on the last."""

    jobs: list[JobSummary]
    next: str | None


class JobItemView(Struct, frozen=True, kw_only=True):
    """What a job does to one member."""

    member_id: str
    state: str
    points: dict[str, int]
    """By wallet, as previewed; negative to take."""
    moved: dict[str, int] | None
    """What it changed of the balance."""
    returned: dict[str, int] | None
    """What taking it back changed."""
    why: str | None
    """Why it was skipped (``facts_changed``, ``member_merged``, ``member_erased``, ``out_of_range``,
    ``tiers_not_earned``, ``tier_not_found``, ``grant_day_impossible``, or why the reward cannot be had:
    ``out_of_stock``, ``member_blocked``, ...) or kept (``changed_since``, ``grant_over``, ``member_erased``,
    ``redemption_used``, ``redemption_fulfilled``, ``redemption_expired``, ...); may grow."""
    settled_at: datetime | None


class JobItemPage(Struct, frozen=True, kw_only=True):
    """Items by member. ``next`` is the cursor of the next page; null on the last."""

    items: list[JobItemView]
    next: str | None


ITEM_COLUMNS: Final = ("member_id", "wallet", "state", "points", "moved", "returned", "why")


def item_cells(item: JobItem) -> list[tuple[Cell, ...]]:
    """The lines of an item in a file: one for each wallet, or one without any."""
    return [
        (
            member_public_id(item.member_id),
            wallet,
            item.state,
            item.points.get(wallet) if wallet else None,
            (item.moved or {}).get(wallet),
            (item.returned or {}).get(wallet),
            item.why,
        )
        for wallet in sorted(item.points) or [""]
    ]


def summarise_job(job: Job) -> JobSummary:
    return view_of(job, JobSummary)


async def view_job(session: ReadSession, job: Job) -> JobView:
    items = await count_items(session, job.job_id)
    fields = {name: getattr(job, name) for name in (*JobSummary.__struct_fields__, "parameters")}
    return JobView(**fields, items=items)


def view_item(item: JobItem) -> JobItemView:
    return JobItemView(
        member_id=member_public_id(item.member_id),
        state=item.state,
        points=item.points,
        moved=item.moved,
        returned=item.returned,
        why=item.why,
        settled_at=item.settled_at,
    )
