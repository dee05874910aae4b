"""Members, identities and consents of an import, set-based."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Final

from kernel.database import RowWriter
from loyalty.earning.calendar import local_day_starts
from loyalty.identities import KnownBy
from loyalty.imports.checking import Met, Terms, known_by_source
from loyalty.imports.consistency import identities_of
from loyalty.imports.rows import ConsentRow, Delivery, MemberRow
from loyalty.members.qr import new_qr_secret
from loyalty.models import Identity, Person, PersonIdentity

if TYPE_CHECKING:
    from asyncpg import Connection, Record

_ENROL: Final = """
INSERT INTO member (zone, language, home_store_id, enrolled_at, recorded_at)
SELECT zone, language, home_store_id, enrolled_at, $5
FROM unnest($1::text[], $2::text[], $3::text[], $4::timestamptz[])
     WITH ORDINALITY AS v (zone, language, home_store_id, enrolled_at, place)
ORDER BY place
RETURNING member_id
"""
_LOCK: Final = "SELECT FROM member WHERE member_id = ANY($1::bigint[]) ORDER BY member_id FOR NO KEY UPDATE"
_CHANGE: Final = """
WITH v AS MATERIALIZED (
    SELECT * FROM unnest($1::bigint[], $2::text[], $3::date[], $4::text[], $5::text[])
        AS v (member_id, name, birthday, language, home_store_id)
), persons AS (
    UPDATE person AS p SET name = coalesce(v.name, p.name), birthday = coalesce(v.birthday, p.birthday), updated_at = $6
    FROM v
    WHERE p.member_id = v.member_id
      AND (p.name, p.birthday) IS DISTINCT FROM (coalesce(v.name, p.name), coalesce(v.birthday, p.birthday))
    RETURNING p.member_id
), members AS (
    UPDATE member AS m
    SET language = coalesce(v.language, m.language), home_store_id = coalesce(v.home_store_id, m.home_store_id)
    FROM v
    WHERE m.member_id = v.member_id AND m.status IN ('active', 'blocked')
      AND (m.language, m.home_store_id)
          IS DISTINCT FROM (coalesce(v.language, m.language), coalesce(v.home_store_id, m.home_store_id))
    RETURNING m.member_id
)
SELECT count(*) FROM (SELECT member_id FROM persons UNION SELECT member_id FROM members) AS changed
"""
_CONSENT: Final = """
INSERT INTO consent (member_id, purpose, channel, recorded_at, granted, source, text_version)
SELECT v.member_id, v.purpose, v.channel, $6, v.granted, $7, v.text_version
FROM unnest($1::bigint[], $2::text[], $3::text[], $4::boolean[], $5::text[])
     AS v (member_id, purpose, channel, granted, text_version)
LEFT JOIN LATERAL (
    SELECT granted, text_version FROM consent AS c
    WHERE c.member_id = v.member_id AND c.purpose = v.purpose AND c.channel = v.channel
    ORDER BY recorded_at DESC LIMIT 1
) AS last ON true
WHERE (last.granted, last.text_version) IS DISTINCT FROM (v.granted, v.text_version)
ORDER BY v.member_id
ON CONFLICT (member_id, purpose, channel, recorded_at)
DO UPDATE SET granted = excluded.granted, source = excluded.source, text_version = excluded.text_version
"""
_PERSONS: Final = RowWriter(Person, "member_id", "name", "birthday", "qr_secret", "updated_at")
_IDENTITIES: Final = RowWriter(Identity, "kind", "value_hash", "member_id", "created_at")
_IN_CLEAR: Final = RowWriter(PersonIdentity, "member_id", "kind", "value", "verified_at", "created_at")


async def enrol_members(connection: "Connection[Record]", rows: Sequence[MemberRow], terms: Terms) -> dict[str, int]:
    """New members with their persons: external id to member. They are known by nothing yet."""
    if not rows:
        return {}
    zones = [row.zone or terms.zone for row in rows]
    made = await connection.fetch(
        _ENROL,
        zones,
        [row.language or terms.language for row in rows],
        [row.home_store_id for row in rows],
        [_enrolled_at(row, zone, terms.now) for row, zone in zip(rows, zones, strict=True)],
        terms.now,
    )
    # Numbers are given out in the order of the rows, whatever order they are answered in.
    members = dict(zip((row.external_id for row in rows), sorted(each["member_id"] for each in made), strict=True))
    await _PERSONS.write(
        connection,
        [(members[row.external_id], row.name, row.birthday, new_qr_secret(), terms.now) for row in rows],
    )
    return members


async def change_members(
    connection: "Connection[Record]", rows: Sequence[MemberRow], members: Mapping[str, int], terms: Terms
) -> int:
    """Give known members what the files say and leave the rest; answers how many changed.

    A zone stays: days that have been counted in it would have to be counted anew.
    """
    if not rows:
        return 0
    await connection.execute(_LOCK, sorted({members[row.external_id] for row in rows}))
    columns = [(members[row.external_id], row.name, row.birthday, row.language, row.home_store_id) for row in rows]
    changed: int = await connection.fetchval(_CHANGE, *zip(*columns, strict=True), terms.now)
    return changed


async def give_identities(
    connection: "Connection[Record]", delivery: Delivery, met: Met, enrolled: Mapping[str, int], terms: Terms
) -> int:
    """Enter the identities that nobody has, in the order in which everybody claims them; answers how many."""
    new: dict[KnownBy, int] = {
        known_by_source(terms.source, external_id): member_id for external_id, member_id in enrolled.items()
    }
    for _, _, external_id, known_by in identities_of(delivery):
        if known_by not in met.holders:
            new[known_by] = met.members[external_id]
    rows = sorted(
        (known_by.kind, terms.lookup_key.digest_of(known_by), member_id) for known_by, member_id in new.items()
    )
    await _IDENTITIES.write(connection, [(*row, terms.now) for row in rows])
    await _IN_CLEAR.write(
        connection,
        [(member_id, known_by.kind, known_by.value, None, terms.now) for known_by, member_id in new.items()],
    )
    return len(new)


async def give_consents(
    connection: "Connection[Record]", rows: Sequence[ConsentRow], members: Mapping[str, int], terms: Terms
) -> int:
    """Keep the answers that differ from those that stand; answers how many."""
    if not rows:
        return 0
    columns = [(members[row.external_id], row.purpose, row.channel, row.granted, row.text_version) for row in rows]
    status = await connection.execute(_CONSENT, *zip(*columns, strict=True), terms.now, f"import:{terms.source}")
    return int(status.rpartition(" ")[2])


def _enrolled_at(row: MemberRow, zone: str, now: datetime) -> datetime:
    return now if row.enrolled_on is None else min(local_day_starts(row.enrolled_on, zone), now)
