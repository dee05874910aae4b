"""Programmes for tests: the shortest documents that say what a test needs."""

from typing import Any

import msgspec

from api.programmes import refresh_programmes
from api.services import Services
from loyalty.programme.document import ProgrammeDocument
from loyalty.programme.publishing import publish_programme

POINTS = {"code": "points", "names": {"en": {"one": "point", "other": "points"}}}


def rate(code: str = "base", *, points: int = 1, per_minor: int = 100, **more: Any) -> dict[str, Any]:
    """A rule that pays ``points`` for each ``per_minor``."""
    formula = {"kind": "rate", "points": points, "per_minor": per_minor}
    return {"code": code, "names": {"en": code}, "formula": formula, **more}


def fixed(code: str, points: int, **more: Any) -> dict[str, Any]:
    """A rule that pays ``points`` once."""
    return {"code": code, "names": {"en": code}, "formula": {"kind": "fixed", "points": points}, **more}


def programme(*rules: dict[str, Any], **more: Any) -> ProgrammeDocument:
    """A programme in roubles with one wallet of points; ``more`` sets or replaces any part."""
    document = {
        "name": "Test",
        "currency": "RUB",
        "fallback_language": "en",
        "wallets": [POINTS],
        "primary_wallet": "points",
        "earn_rules": list(rules or (rate(),)),
        **more,
    }
    return msgspec.convert(document, ProgrammeDocument)


async def publish(services: Services, document: ProgrammeDocument | None = None) -> None:
    """Publish the document, in force at once, and let the application know."""
    now = services.clock()
    async with services.database.write() as session:
        await publish_programme(
            session, document or programme(), starts_at=now, published_by="staff:test", note="for a test", now=now
        )
        await session.commit()
    services.programmes.replace([])
    await refresh_programmes(services)


def forget_latest(services: Services) -> None:
    """Let the application not have heard of the latest version yet: another server published it just now."""
    known = services.programmes.by_version
    services.programmes.replace([(services.clock(), known[version]) for version in sorted(known)[:-1]])
