"""Imports with what they rest on and with their entry in the audit log, for staff and for the command line."""

import asyncio
from collections.abc import Mapping, Sequence
from datetime import datetime

import msgspec

from api.opening import lookup_key_of
from kernel.database import Database, WriteSession, driver
from kernel.settings import Settings
from loyalty.audit import record_change
from loyalty.imports.applying import Imported, apply_import, find_problems
from loyalty.imports.checking import Terms
from loyalty.imports.problems import ImportProblem
from loyalty.imports.reading import read_delivery
from loyalty.imports.reversing import Reversed, reverse_import
from loyalty.imports.rows import Delivery
from loyalty.members.profile import checked_language, checked_zone
from loyalty.programme.publishing import refresh
from loyalty.programme.versions import PublishedProgrammes


async def import_terms(
    database: Database, settings: Settings, *, source: str, zone: str, language: str | None, now: datetime
) -> Terms:
    """What an import rests on under the programme in force."""
    programmes = PublishedProgrammes()
    async with database.read() as session:
        await refresh(session, programmes)
    programme = programmes.at(now)
    return Terms(
        source=source,
        wallets={wallet.code for wallet in programme.document.wallets},
        plan=programme.tier_plan,
        programme=programme,
        language=checked_language(language or programme.document.fallback_language),
        zone=checked_zone(zone),
        lookup_key=lookup_key_of(settings),
        now=now,
    )


async def read_files(
    settings: Settings, files: Mapping[str, bytes], terms: Terms
) -> tuple[Delivery, list[ImportProblem]]:
    """``read_delivery``, in a thread: large files take a while to read, in which a task must be kept."""
    return await asyncio.to_thread(
        read_delivery, files, source=terms.source, region=settings.phone_region, now=terms.now
    )


async def examine(
    database: Database, delivery: Delivery, terms: Terms, found: Sequence[ImportProblem]
) -> list[ImportProblem]:
    """What was ``found`` wrong with the rows by themselves, and all else that is wrong with them. Writes nothing."""
    async with database.read() as session:
        _, further = await find_problems(await driver(session), delivery, terms)
    return sorted([*found, *further])


async def apply_noted(session: WriteSession, delivery: Delivery, terms: Terms, *, actor: str) -> Imported:
    """``apply_import``, noted unless there was nothing to do. Raises ``ImportRefusedError``."""
    done = await apply_import(session, delivery, terms, actor=actor)
    if done.import_id is not None:
        await record_change(
            session,
            actor=actor,
            action="import.applied",
            subject=f"import:{done.import_id}",
            after=done.counts,
            now=terms.now,
        )
    return done


async def reverse_noted(session: WriteSession, import_id: int, *, actor: str, now: datetime) -> Reversed:
    """``reverse_import``, noted. Raises ``ImportNotFoundError`` and ``ImportReversedError``."""
    done = await reverse_import(session, import_id, actor=actor, now=now)
    await record_change(
        session,
        actor=actor,
        action="import.reversed",
        subject=f"import:{import_id}",
        after=msgspec.to_builtins(done) | {"kept": len(done.kept)},
        now=now,
    )
    return done
