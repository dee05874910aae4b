"""A till that calls the domain's functions, a transaction each, and looks at what its members then have."""

import itertools
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime

from kernel.database import Database, ReadSession, WriteSession, driver
from loyalty import identities
from loyalty.answers import KeyId, StoredAnswer, store_answers
from loyalty.holds import Checkout, PlacedHold, hold_points, owner_of_hold, void_hold
from loyalty.identities import LookupKey
from loyalty.ledger.account import Account, available
from loyalty.ledger.due import apply_due
from loyalty.ledger.loading import read_accounts
from loyalty.members.registration import Newcomer, register_member
from loyalty.models import Store
from loyalty.programme.document import ProgrammeDocument
from loyalty.programme.publishing import publish_programme
from loyalty.programme.versions import PublishedProgrammes
from loyalty.purchases.outcome import Outcome, Recorded, Repeated, Submission
from loyalty.purchases.recording import record_batch, record_purchases
from loyalty.purchases.sale import ReceiptRef, Sale, SaleLine, canonical
from loyalty.refunds.recording import RefundSubmission, record_refund
from loyalty.refunds.returned import Refunded, Return, ReturnedLine, Waiting
from loyalty.refunds.voiding import Voided, VoidSubmission, void_sale
from loyalty.stores import create_store
from loyalty.terminals import create_terminal
from tests.loyalty.ledger.rulebook import Basket

STORE, TERMINAL, CLIENT = "store", "till", "terminal:till"
ACTOR = f"{CLIENT}/cashier"
HERE = Checkout(STORE, TERMINAL)
_LOOKUP_KEY = LookupKey(bytes(32))
_numbers = itertools.count(1)

Totals = tuple[int, int, int, int, int]
Lives = Counter[tuple[object, ...]]


@dataclass(frozen=True)
class Belongings:
    """What a member has: by wallet balance, debt, held, pending and free points, and the lots that hold any."""

    totals: dict[str, Totals]
    lots: Lives


@dataclass
class Till:
    """One store's till, and the programme in force."""

    database: Database
    programmes: PublishedProgrammes = field(default_factory=PublishedProgrammes)

    async def open_for_business(self, document: ProgrammeDocument, *, now: datetime) -> None:
        """Publish the programme; the store and its till are made once."""
        async with self.database.write() as session:
            if await session.get(Store, STORE) is None:
                await create_store(
                    session,
                    store_id=STORE,
                    name="Coffee",
                    zone="Europe/Berlin",
                    currency=document.currency,
                    legal_entity="Coffee GmbH",
                    now=now,
                )
                await create_terminal(session, terminal_id=TERMINAL, store_id=STORE, name="till", kind="till", now=now)
            snapshot = await publish_programme(
                session, document, starts_at=now, published_by="staff:test", note="for a test", now=now
            )
            await session.commit()
        self.programmes.replace([(now, snapshot)])

    async def enrol(self, *, now: datetime) -> int:
        newcomer = Newcomer(
            identities=(identities.card(f"CARD{next(_numbers):010}"),), language="en", zone="Europe/Berlin"
        )
        async with self.database.write() as session:
            registration = await register_member(session, newcomer, lookup_key=_LOOKUP_KEY, now=now)
            await session.commit()
        return registration.member_id

    # What is sent

    def sale(
        self,
        member_id: int,
        basket: Basket,
        *,
        stated_at: datetime,
        hold_no: int | None = None,
        points_used: int | None = None,
    ) -> Sale:
        """A sale with a receipt of its own."""
        return Sale(
            store_id=STORE,
            terminal_id=TERMINAL,
            cashier_id=None,
            channel="till",
            member_id=member_id,
            receipt=ReceiptRef(number=str(next(_numbers)), business_date=stated_at.date()),
            stated_at=stated_at,
            currency=self.programmes.at(stated_at).document.currency,
            lines=tuple(
                SaleLine(
                    id=goods.id, sku=f"sku-{goods.id}", quantity=str(goods.pieces), amount_minor=goods.amount_minor
                )
                for goods in basket
            ),
            total_minor=sum(goods.amount_minor for goods in basket),
            hold_no=hold_no,
            points_used=points_used,
        )

    def submission(self, sale: Sale, *, key: str = "") -> Submission:
        return Submission(key=new_key(key), sale=sale, body=canonical(sale), actor=ACTOR)

    def refund(self, sale: Sale, pieces: dict[str, int], *, stated_at: datetime) -> RefundSubmission:
        """A refund with a receipt of its own; no ``pieces``: of all that is left."""
        refund = Return(
            store_id=STORE,
            terminal_id=TERMINAL,
            cashier_id=None,
            receipt=ReceiptRef(number=str(next(_numbers)), business_date=stated_at.date()),
            purchase_key=sale.receipt_key,
            lines=tuple(ReturnedLine(id=line_id, quantity=str(quantity)) for line_id, quantity in pieces.items()),
            stated_at=stated_at,
        )
        return RefundSubmission(key=new_key(), refund=refund, actor=ACTOR, body=canonical(refund))

    # Transactions

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[WriteSession]:
        """Committed when the block ends well."""
        async with self.database.write() as session:
            yield session
            await session.commit()

    async def sell(self, submissions: Sequence[Submission], *, alone: bool, now: datetime) -> list[Outcome]:
        """Record sales in one transaction; each recorded one is answered by its number."""
        async with self.transaction() as session:
            if alone:
                outcomes = await record_purchases(session, submissions, programmes=self.programmes, now=now)
            else:
                connection = await driver(session)
                outcomes = await record_batch(connection, submissions, programmes=self.programmes, now=now)
            answers = [
                (submission.key, StoredAnswer(submission.body, 201, answer_of(outcome)))
                for submission, outcome in zip(submissions, outcomes, strict=True)
                if isinstance(outcome, Recorded)
            ]
            await store_answers(await driver(session), answers, now=now)
        return outcomes

    async def hold(self, member_id: int, basket: Basket, points: int, *, now: datetime) -> PlacedHold:
        async with self.transaction() as session:
            return await hold_points(
                session,
                self.sale(member_id, basket, stated_at=now),
                points,
                proof="none",
                reference=None,
                actor=ACTOR,
                programme=self.programmes.at(now),
                now=now,
            )

    async def void_hold(self, member_id: int, hold_no: int, *, now: datetime, checkout: Checkout = HERE) -> PlacedHold:
        async with self.transaction() as session:
            return await void_hold(session, member_id, hold_no, checkout=checkout, actor=ACTOR, now=now)

    async def owner_of_hold(self, member_id: int, hold_no: int, *, checkout: Checkout = HERE) -> int:
        """Who the hold is captured from by a sale to the same member; looked up before every such sale."""
        async with self.database.read() as session:
            return await owner_of_hold(session, member_id, hold_no, buyer_id=member_id, checkout=checkout)

    async def take_back(self, submission: RefundSubmission, *, now: datetime) -> Refunded | Waiting:
        """Record a refund that was not sent before."""
        async with self.transaction() as session:
            outcome = await record_refund(session, submission, programmes=self.programmes, now=now)
            assert isinstance(outcome, Refunded | Waiting)
            answer = StoredAnswer(submission.body, 201, b"taken back")
            await store_answers(await driver(session), [(submission.key, answer)], now=now)
        return outcome

    async def void_sale(self, sale: Sale, *, now: datetime) -> Voided | Repeated:
        key = new_key()
        submission = VoidSubmission(
            key=key, receipt=sale.receipt, store_id=STORE, terminal_id=TERMINAL, cashier_id=None, actor=ACTOR
        )
        async with self.transaction() as session:
            voided = await void_sale(session, submission, programmes=self.programmes, now=now)
            answer = voided.outcome if isinstance(voided, Repeated) else f"voided under {key.key}".encode()
            await store_answers(await driver(session), [(key, StoredAnswer(b"{}", 201, answer))], now=now)
        return voided

    # Looking

    async def look(self, member_ids: Sequence[int], *, now: datetime) -> list[Belongings]:
        async with self.database.read() as session:
            return await belongings(session, member_ids, now=now)


def new_key(key: str = "") -> KeyId:
    return KeyId(CLIENT, key or f"key-{next(_numbers)}")


def answer_of(recorded: Recorded) -> bytes:
    return f"sale {recorded.purchase_no} of {recorded.member_id}".encode()


async def belongings(session: ReadSession, member_ids: Sequence[int], *, now: datetime) -> list[Belongings]:
    """What members have at ``now``, with everything due applied to a copy, as every read does it."""
    accounts = await read_accounts(await driver(session), member_ids)
    for account in accounts.values():
        apply_due(account, now)
    return [_belongings(accounts[member_id], now) for member_id in member_ids]


def _belongings(account: Account, now: datetime) -> Belongings:
    totals = {}
    lots: Lives = Counter()
    for code, wallet in account.wallets.items():
        there = [lot for lot in account.lots_of(code) if lot.remaining]
        pending = sum(lot.remaining for lot in there if lot.activated_at is None)
        counts = (wallet.balance, wallet.debt, wallet.held, pending, available(account, code, now))
        if any(counts):
            totals[code] = counts
        for lot in there:
            terms = (lot.available_from, lot.activated_at, lot.expires_at)
            lots[code, lot.amount, lot.remaining, lot.held, *terms] += 1
    return Belongings(totals, lots)
