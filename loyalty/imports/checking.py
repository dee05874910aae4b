"""What an import meets here: who and what is known already, and what cannot be."""

import hashlib
from collections import defaultdict
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final

import msgspec

from loyalty.earning.calendar import local_day_starts
from loyalty.identities import EXTERNAL_PREFIX, KnownBy, LookupKey
from loyalty.imports.consistency import identities_of
from loyalty.imports.coupons import meet_coupons
from loyalty.imports.problems import ImportProblem
from loyalty.imports.receipt_checks import meet_receipts
from loyalty.imports.rows import Delivery, LotRow
from loyalty.ledger.forwarding import surviving_members
from loyalty.programme.part import MAX_EXACT
from loyalty.programme.snapshot import ProgrammeSnapshot
from loyalty.tiers.granting import GrantDayImpossibleError, grant_ends
from loyalty.tiers.plan import NO_TIER, TierPlan

if TYPE_CHECKING:
    from asyncpg import Connection, Record

_HOLDERS: Final = """
SELECT i.kind, i.value_hash, i.member_id
FROM identity AS i JOIN unnest($1::text[], $2::bytea[]) AS w (kind, value_hash) USING (kind, value_hash)
"""
_STANDINGS: Final = "SELECT member_id, status, zone FROM member WHERE member_id = ANY($1::bigint[])"
_LOTS: Final = "SELECT lot_key, digest FROM imported_lot WHERE source = $1 AND lot_key = ANY($2::text[])"
_STORES: Final = "SELECT store_id FROM store"


@dataclass(frozen=True, kw_only=True)
class Terms:
    """What an import rests on besides its files."""

    source: str
    wallets: Collection[str]
    plan: TierPlan
    programme: ProgrammeSnapshot
    """In force now: receipts are frozen with its version, and none of its rules pays for them."""
    language: str
    """Of members whose own is not given."""
    zone: str
    """The same."""
    lookup_key: LookupKey
    now: datetime


@dataclass
class Met:
    """What is here already."""

    members: dict[str, int] = field(default_factory=dict)
    """External id to the surviving member."""
    zones: dict[str, str] = field(default_factory=dict)
    """Of those."""
    holders: dict[KnownBy, int] = field(default_factory=dict)
    """Who has an identity that the files name."""
    lots: dict[str, bytes] = field(default_factory=dict)
    """Lot of the other system to the digest with which it came."""
    coupons: set[str] = field(default_factory=set)
    """Codes of coupons that have come before."""
    receipts: set[str] = field(default_factory=set)
    """Receipt keys of sales that are here: of an earlier import, or sent by a till."""


async def meet(connection: "Connection[Record]", delivery: Delivery, terms: Terms) -> tuple[Met, list[ImportProblem]]:
    """Compare the files with what is here; asked again by whoever applies them, in the same transaction."""
    met = Met()
    external_ids = {external_id for _, _, external_id in _about(delivery)}
    external_ids |= {row.external_id for row in delivery.members}
    own = {known_by_source(terms.source, external_id): external_id for external_id in external_ids}
    named = {known_by for _, _, _, known_by in identities_of(delivery)}
    holders = await holders_of(connection, {*own, *named}, terms.lookup_key)
    met.holders = {known_by: holders[known_by] for known_by in named if known_by in holders}
    met.members = {external_id: holders[known_by] for known_by, external_id in own.items() if known_by in holders}
    rows = await connection.fetch(_STANDINGS, list(set(met.members.values())))
    standings = {row["member_id"]: row for row in rows}
    met.zones = {external_id: standings[member]["zone"] for external_id, member in met.members.items()}
    lots = await connection.fetch(_LOTS, terms.source, [row.lot_key for row in delivery.lots])
    met.lots = {row["lot_key"]: row["digest"] for row in lots}
    stores = {row["store_id"] for row in await connection.fetch(_STORES)}
    met.receipts, receipt_problems = await meet_receipts(connection, delivery)
    met.coupons, coupon_problems = await meet_coupons(
        connection, delivery.coupons, met.members, zones_of(delivery, met, terms), terms.programme, now=terms.now
    )
    problems = [
        *receipt_problems,
        *coupon_problems,
        *_member_problems(delivery, met, stores, terms),
        *_lot_problems(delivery, met, terms),
        *_tier_problems(delivery, met, terms),
    ]
    return met, sorted(problems)


def known_by_source(source: str, external_id: str) -> KnownBy:
    """The other system's id as an identity."""
    return KnownBy(EXTERNAL_PREFIX + source, external_id)


def digest_of(lot: LotRow) -> bytes:
    """What tells a lot that was sent again from one that was changed."""
    content = (lot.external_id, lot.wallet, lot.points, lot.earned_on, lot.available_on, lot.expires_on)
    return hashlib.sha256(msgspec.json.encode(content)).digest()


async def holders_of(
    connection: "Connection[Record]", wanted: Collection[KnownBy], lookup_key: LookupKey
) -> dict[KnownBy, int]:
    """The surviving members who have these identities."""
    keyed = {(known_by.kind, lookup_key.digest_of(known_by)): known_by for known_by in wanted}
    rows = await connection.fetch(_HOLDERS, [kind for kind, _ in keyed], [value_hash for _, value_hash in keyed])
    survivors = await surviving_members(connection, [row["member_id"] for row in rows])
    return {keyed[row["kind"], row["value_hash"]]: survivors.get(row["member_id"], row["member_id"]) for row in rows}


def _member_problems(delivery: Delivery, met: Met, stores: Collection[str], terms: Terms) -> Iterator[ImportProblem]:
    for row in delivery.members:
        if row.home_store_id is not None and row.home_store_id not in stores:
            yield ImportProblem("members.csv", row.line, "home_store_id", "store_unknown", "is no store")
        if row.external_id not in met.members and not row.identities:
            # The other system's id alone would find nobody at a till; a card of a later file will do.
            known = any(each.external_id == row.external_id for each in delivery.identities)
            if not known:
                yield ImportProblem("members.csv", row.line, "", "identity_missing", "has no phone, e-mail or card")
    for file, line, external_id, known_by in identities_of(delivery):
        holder = met.holders.get(known_by)
        if holder is not None and holder != met.members.get(external_id):
            column = "value" if file == "identities.csv" else known_by.kind
            yield ImportProblem(file, line, column, "identity_taken", "belongs to another member here")
    coming = {row.external_id for row in delivery.members} | met.members.keys()
    for file, line, external_id in _about(delivery):
        if external_id not in coming:
            yield ImportProblem(file, line, "external_id", "member_unknown", "is nobody here or in members.csv")


def _about(delivery: Delivery) -> Iterator[tuple[str, int, str]]:
    """File, line and member of every row that is about a member of ``members.csv``, or of an earlier import."""
    for identity in delivery.identities:
        yield "identities.csv", identity.line, identity.external_id
    for consent in delivery.consents:
        yield "consents.csv", consent.line, consent.external_id
    for lot in delivery.lots:
        yield "lots.csv", lot.line, lot.external_id
    for tier in delivery.tiers:
        yield "tiers.csv", tier.line, tier.external_id
    for coupon in delivery.coupons:
        yield "coupons.csv", coupon.line, coupon.external_id
    for receipt in delivery.receipts:
        yield "receipts.csv", receipt.line, receipt.external_id


def zones_of(delivery: Delivery, met: Met, terms: Terms) -> dict[str, str]:
    """External id to the zone of the member, new or known."""
    return {row.external_id: row.zone or terms.zone for row in delivery.members} | met.zones


def _tier_problems(delivery: Delivery, met: Met, terms: Terms) -> Iterator[ImportProblem]:
    if delivery.tiers and not terms.plan.active:
        yield ImportProblem("tiers.csv", 0, "", "tiers_not_earned", "the programme has no tiers that are earned")
        return
    zones = zones_of(delivery, met, terms)
    for row in delivery.tiers:
        if terms.plan.place(row.tier) == NO_TIER:
            yield ImportProblem("tiers.csv", row.line, "tier", "tier_unknown", "is no tier of the programme")
        try:
            grant_ends(row.retained_until, zones.get(row.external_id, terms.zone), now=terms.now)
        except GrantDayImpossibleError:
            message = "has passed already, or is more than a hundred years away"
            yield ImportProblem("tiers.csv", row.line, "retained_until", "tier_expired", message)


def _lot_problems(delivery: Delivery, met: Met, terms: Terms) -> Iterator[ImportProblem]:
    zones = zones_of(delivery, met, terms)
    sums: dict[tuple[str, str], int] = defaultdict(int)
    for row in delivery.lots:
        if row.lot_key in met.lots:
            if met.lots[row.lot_key] != digest_of(row):
                yield ImportProblem("lots.csv", row.line, "", "lot_changed", "came before with other values")
            continue
        zone = zones.get(row.external_id)
        sums[row.external_id, row.wallet] += row.points
        if row.wallet not in terms.wallets:
            yield ImportProblem("lots.csv", row.line, "wallet", "wallet_unknown", "is no wallet of the programme")
        if zone and row.expires_on and local_day_starts(row.expires_on + timedelta(days=1), zone) <= terms.now:
            yield ImportProblem("lots.csv", row.line, "expires_on", "lot_expired", "has expired already")
        if sums[row.external_id, row.wallet] > MAX_EXACT:
            yield ImportProblem("lots.csv", row.line, "points", "points_out_of_range", "makes more than can be kept")
