"""The programme's drafts and versions as staff see them."""

from datetime import datetime
from typing import Annotated, Any, Final

from msgspec import Meta, Struct
from msgspec.structs import asdict

from loyalty.models import ProgrammeVersion
from loyalty.programme.problems import ProgrammeProblem

EXAMPLE: Final = {
    "name": "Coffee",
    "currency": "EUR",
    "fallback_language": "en",
    "wallets": [{"code": "points", "names": {"en": {"one": "point", "other": "points"}}}],
    "primary_wallet": "points",
    "earn_rules": [
        {"code": "base", "names": {"en": "Points"}, "formula": {"kind": "rate", "points": 1, "per_minor": 100}}
    ],
}

DocumentObject = Annotated[
    dict[str, Any],
    Meta(description="A programme document; its JSON Schema is at `/v1/admin/programme/schema`.", examples=[EXAMPLE]),
]


class DraftSummary(Struct, frozen=True, kw_only=True):
    """A draft without its document."""

    draft_id: str
    revision: int
    """Also the ETag of the draft: ``"3"``."""
    updated_at: datetime
    updated_by: str


class DraftPage(Struct, frozen=True, kw_only=True):
    """Drafts by id. ``next`` is the cursor of the next page; null on the last."""

    drafts: list[DraftSummary]
    next: str | None


class DraftView(DraftSummary, frozen=True, kw_only=True):
    """A draft."""

    document: DocumentObject


class DraftProblems(Struct, frozen=True, kw_only=True):
    """What is wrong with a draft. Without an ``error`` among them it can be published."""

    draft_id: str
    revision: int
    problems: list[ProgrammeProblem]


class DocumentProblems(Struct, frozen=True, kw_only=True):
    """What is wrong with a document, by line. Without an ``error`` among them it can be published."""

    problems: list[ProgrammeProblem]


class VersionSummary(Struct, frozen=True, kw_only=True):
    """A published version without its document."""

    version: int
    digest: str
    """SHA-256 of the document, hexadecimal."""
    starts_at: datetime
    """It is in force from here until a later one is."""
    published_at: datetime
    published_by: str
    note: str


class VersionPage(Struct, frozen=True, kw_only=True):
    """The latest first. ``next`` is the cursor of the next page; null on the last."""

    versions: list[VersionSummary]
    next: str | None


class VersionView(VersionSummary, frozen=True, kw_only=True):
    """A published version. It never changes."""

    document: DocumentObject


def summarise_version(row: ProgrammeVersion) -> VersionSummary:
    return VersionSummary(
        version=row.version,
        digest=row.digest.hex(),
        starts_at=row.starts_at,
        published_at=row.published_at,
        published_by=row.published_by,
        note=row.note,
    )


def view_version(row: ProgrammeVersion) -> VersionView:
    return VersionView(**asdict(summarise_version(row)), document=row.document)
