"""Some weeks of a shop, made over HTTP and through the domain: what invariants are tried on."""

import asyncio
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

import httpx
import msgspec

from api.delivering import Outbox
from api.services import Services
from api.tasks.kinds import KINDS
from api.tasks.working import Tasks
from kernel.database import driver
from loyalty.accounting.closing import begin_closing, close
from loyalty.actions.outcome import Proof
from loyalty.invoices.paying import PaymentContent, record_payment
from loyalty.invoices.registering import InvoiceContent, register_invoice
from loyalty.invoices.reversing import cancel_invoice
from loyalty.jobs.kinds import Asked, PointsGrant, Retroactive, RewardGrant
from loyalty.jobs.listing import list_members, read_job_list
from loyalty.jobs.making import Step, begin_job, begin_step, lock_job
from loyalty.ledger.seals import seal_members
from loyalty.members.corrections import adjust_points
from loyalty.members.erasing import erase_member
from loyalty.members.ids import member_public_id
from loyalty.members.merging import merge_members
from loyalty.payouts.deciding import decide_payout
from loyalty.payouts.exporting import export_payouts
from loyalty.payouts.payees import payee_of
from loyalty.payouts.requesting import request_payout
from loyalty.payouts.settling import settle_payout
from loyalty.reactions import REACTIONS
from loyalty.rewards.coupon_adding import generate_coupons
from loyalty.rewards.ending import cancel_redemption
from loyalty.rewards.giving import claim_present, offer_present
from loyalty.rewards.issuing import grant_reward, issue_reward
from loyalty.tiers.sweeping import sweep_tiers
from tests.clocks import MovableClock
from tests.journeys.counter import discount, reward
from tests.journeys.test_coupons import TICKET
from tests.journeys.tills import basket, done, line, sale, send
from tests.loyalty.actions.making import action, pays, record, told
from tests.loyalty.goals.making import at_least, goal
from tests.loyalty.imports.moving import apply
from tests.programmes import POINTS, fixed, programme, publish, rate
from tests.shop import Shop, Till, bearer

STAMPS = {"code": "stamps", "names": {"en": {"one": "stamp", "other": "stamps"}}}
SPENDING = {"value": {"points": 1, "minor": 100}, "maximum_share_bp": 5_000, "minimum_points": 1}
PROGRAMME = programme(
    rate(points=1, per_minor=100, caps={"day": 400, "month": 5_000}),
    fixed("hello", 7, budget_points=1_000, minimum_basket_minor=5_000),
    {"code": "cups", "names": {"en": "cups"}, "formula": {"kind": "per_item", "points": 1}, "wallet": "stamps"},
    wallets=[POINTS, STAMPS],
    spending=SPENDING,
    expiry={"kind": "days", "count": 30},
    tiers=[
        {"code": "bronze", "names": {"en": "Bronze"}},
        {
            "code": "silver",
            "names": {"en": "Silver"},
            "thresholds": {"spend_minor": 50_000},
            "entry_bonus": {"points": 5},
        },
        {"code": "gold", "names": {"en": "Gold"}, "thresholds": {"spend_minor": 300_000}, "entry_bonus": {"points": 9}},
    ],
    tier_settings={"window": {"kind": "days", "count": 20}, "downgrade": "one_step", "adjustments_count": True},
    rewards=[
        discount("tenth", 10, transferable=True),
        reward("mug", 5, stock=10),
        reward("cash", 2, kind="payout", effect={"amount_minor": 50, "maximum_units": 9}),
        TICKET,
    ],
    actions=[
        action("login", "daily_login", limits={"month": 20}),
        action("story", proof="moderated"),
        action("punctual", "on_time_payment"),
        action("volume", "sales_volume"),
    ],
    action_rules=[
        pays("login-pays", "login", 3, caps={"week": 9}, budget_points=1_600),
        pays("story-pays", "story", 40),
        pays("punctual-pays", "punctual", 2, caps={"month": 3}),
        pays("volume-pays", "volume", 1),
    ],
    goals=[goal("month", at_least("first", 100_000))],
    action_intake={"late_days": 90},
)

MORE_A_DAY = msgspec.structs.replace(
    PROGRAMME,
    earn_rules=tuple(
        msgspec.structs.replace(rule, caps=msgspec.structs.replace(rule.caps, day=401), budget_points=None)
        for rule in PROGRAMME.earn_rules
        if rule.code == "base"
    ),
)


@dataclass
class History:
    """Who does what. ``anna`` has bought, spent, returned; see ``play`` for the others."""

    services: Services
    client: httpx.AsyncClient
    shop: Shop
    clock: MovableClock
    till: Till
    members: dict[str, int]

    async def passes(self, **time: float) -> None:
        """Time passes; the till signs in anew."""
        self.clock.advance(**time)
        answer = await self.client.post("/v1/pos/sessions", json={"key": self.till.key})
        self.till = replace(self.till, headers=bearer(answer.json()["access_token"]))

    async def voids(self, **what: Any) -> None:
        await done(self.client, self.till, "voids", what)

    async def buys(self, who: str, number: str, *lines: dict[str, Any], **more: Any) -> dict[str, Any]:
        member = more.pop("member", {"id": member_public_id(self.members[who])})
        body = sale(number, *lines, member=member, **more) | {"occurred_at": self.clock().isoformat()}
        return await done(self.client, self.till, "purchases", body)

    async def holds(self, who: str, points: int, *lines: dict[str, Any]) -> tuple[dict[str, str], str]:
        """The member's token and the hold's id."""
        found = await done(self.client, self.till, "lookups", {"qr": await self.shop.qr(self.members[who])})
        token = {"token": found["member_token"]}
        hold = await done(self.client, self.till, "holds", basket(*lines, member=token, points=points))
        return token, hold["id"]

    async def pays(self, who: str, number: str, points: int, *lines: dict[str, Any]) -> dict[str, Any]:
        """A sale of which ``points`` pay a part."""
        token, hold_id = await self.holds(who, points, *lines)
        await self.passes(minutes=1)
        return await self.buys(who, number, *lines, member=token, hold_id=hold_id)

    async def returns(self, purchase_number: str, number: str, **quantities: str) -> dict[str, Any]:
        """A refund of ``quantities`` by line; without any, of all that is left."""
        body = {
            "original": {"receipt": {"number": purchase_number, "business_date": "2026-03-02"}},
            "lines": [{"id": line_id, "quantity": quantity} for line_id, quantity in quantities.items()],
            "receipt": {"number": number, "business_date": "2026-03-02"},
            "occurred_at": self.clock().isoformat(),
        }
        return await done(self.client, self.till, "refunds", body)

    async def tells(self, who: str, action_type: str, event_id: str, **more: Any) -> None:
        """A system tells of an action."""
        await record(self.services, told(self.members[who], action_type, event_id=event_id, **more))

    async def pays_invoice(self, who: str, number: str, *amounts_minor: int, is_cancelled: bool = False) -> None:
        """Billing registers an invoice of 1,000 that is due in a week, and tells of payments."""
        now = self.clock()
        content = InvoiceContent(
            source="billing",
            number=number,
            amount_minor=1_000,
            currency="RUB",
            issued_on=now.date(),
            due_on=now.date() + timedelta(days=7),
        )
        async with self.services.database.write() as session:
            invoice = await register_invoice(session, self.members[who], content, currency="RUB", now=now)
            for place, amount_minor in enumerate(amounts_minor):
                await record_payment(
                    session,
                    (invoice.member_id, invoice.invoice_no),
                    PaymentContent(reference=f"{number}/{place}", amount_minor=amount_minor, paid_at=now),
                    actor="system:billing",
                    programmes=self.services.programmes,
                    now=now,
                )
            if is_cancelled:
                await cancel_invoice(
                    session,
                    (invoice.member_id, invoice.invoice_no),
                    reason="wrong",
                    actor="system:billing",
                    programmes=self.services.programmes,
                    now=now,
                )
            await session.commit()

    async def corrects(self, who: str, points: int, *, into_debt: bool = False) -> None:
        async with self.services.database.write() as session:
            await adjust_points(
                session,
                self.members[who],
                wallet="points",
                points=points,
                reason="goodwill",
                actor="staff:boris",
                programme=PROGRAMME,
                now=self.clock(),
                into_debt=into_debt,
            )
            await session.commit()

    async def does(self, job_for: str, asked: Asked, *, and_takes_back: bool = False) -> None:
        """A job for one member, done by the worker."""
        line = f"member_id\n{member_public_id(self.members[job_for])}".encode()
        by, now = "staff:boris", self.clock()
        async with self.services.database.write() as session:
            job = await begin_job(
                session, asked, segment=None, awaits_list=True, reason="goodwill", requested_by=by, now=now
            )
            listed = read_job_list(line, lookup_key=self.services.lookup_key, phone_region=None)
            await list_members(session, job, listed)
            await session.commit()
        steps: tuple[Step, ...] = ("preview", "apply", "reverse") if and_takes_back else ("preview", "apply")
        for step in steps:
            async with self.services.database.write() as session:
                await begin_step(session, await lock_job(session, job.job_id), step, requested_by=by, now=now)
                await session.commit()
            await Tasks(self.services.database, KINDS, clock=self.clock, stopping=asyncio.Event()).work_on_next()

    async def merges(self, source: str, target: str) -> None:
        async with self.services.database.write() as session:
            await merge_members(
                session,
                source_id=self.members[source],
                target_id=self.members[target],
                actor="staff:boris",
                reason="same_person",
                now=self.clock(),
            )
            await session.commit()

    async def erases(self, who: str) -> None:
        async with self.services.database.write() as session:
            await erase_member(session, self.members[who], actor="staff:boris", reason="asked_for", now=self.clock())
            await session.commit()

    async def closes(self, month: str) -> None:
        async with self.services.database.write() as session:
            period = await begin_closing(session, month, zone="UTC", actor="staff:boris", now=self.clock())
            await close(session, period, currency="RUB", values={}, actor="staff:boris", now=self.clock())
            await session.commit()

    async def takes(self, who: str, reward: str, *, gives_it_back: bool = False) -> str:
        """A reward is issued; its code."""
        now = self.clock()
        programme = self.services.programmes.at(now)
        async with self.services.database.write() as session:
            issued = await issue_reward(
                session, self.members[who], reward, programme=programme, actor="member", now=now
            )
            if gives_it_back:
                key = (issued.member_id, issued.redemption_no)
                await cancel_redemption(session, key, document=PROGRAMME, actor="member", now=now)
            await session.commit()
        return issued.shown_code

    async def cashes(self, who: str, units: int, *steps: str) -> None:
        """A payout is asked for; then each of ``steps``: approved, refused, exported, paid, failed."""
        now, by = self.clock(), "staff:boris"
        programme = self.services.programmes.at(now)
        async with self.services.database.write() as session:
            payee = payee_of(holder="Anna Kovaleva", iban="DE89 3704 0044 0532 0130 00", account=None)
            found = await request_payout(
                session, self.members[who], "cash", units, payee, programme=programme, actor="member", now=now
            )
            key = (found.payout.member_id, found.payout.redemption_no)
            for step in steps:
                if step == "exported":
                    await export_payouts(session, actor=by, now=now)
                elif step in ("approved", "refused"):
                    approved = step == "approved"
                    await decide_payout(session, key, approved=approved, document=PROGRAMME, actor=by, now=now)
                else:
                    await settle_payout(session, key, paid=step == "paid", document=PROGRAMME, actor=by, now=now)
            await session.commit()

    async def is_given(self, who: str, reward: str) -> None:
        now = self.clock()
        programme = self.services.programmes.at(now)
        async with self.services.database.write() as session:
            await grant_reward(
                session, self.members[who], reward, programme=programme, actor="staff:boris", reason="sorry", now=now
            )
            await session.commit()

    async def fills(self, pool: str, codes: int) -> None:
        async with self.services.database.write() as session:
            await generate_coupons(await driver(session), pool, codes, "#" * 16, now=self.clock())
            await session.commit()

    async def gives(self, who: str, to: str) -> str:
        """A discount is taken for somebody else; the code that they have then."""
        now, programmes = self.clock(), self.services.programmes
        async with self.services.database.write() as session:
            issued = await issue_reward(
                session, self.members[who], "tenth", programme=programmes.at(now), actor="member", now=now
            )
            key = (issued.member_id, issued.redemption_no)
            offered = await offer_present(session, key, programmes=programmes, by_member=self.members[who], now=now)
            assert offered.present_code is not None
            received = await claim_present(
                session, offered.present_code, self.members[to], programmes=programmes, actor="member", now=now
            )
            await session.commit()
        return received.shown_code

    async def seals(self) -> None:
        async with self.services.database.write() as session:
            await seal_members(session, now=self.clock(), limit=1_000)
            await session.commit()

    async def sweeps(self) -> None:
        async with self.services.database.write() as session:
            await sweep_tiers(session, now=self.clock(), limit=1_000)
            await session.commit()

    async def delivers(self) -> None:
        outbox = Outbox(self.services.database, REACTIONS, clock=self.clock)
        while await outbox.spread():  # again, since what is delivered makes events of its own
            while waiting := await outbox.waiting():
                for partition in waiting:
                    await outbox.deliver(partition)


async def _somebody_moves_in(services: Services) -> None:
    members = "external_id,name,email\nc-1,Emil,emil@example.com\n"
    lots = "lot_id,external_id,wallet,points,earned_on\nl-1,c-1,points,40,2026-01-10\n"
    await apply(services, {"members.csv": members, "lots.csv": lots})


async def begin(services: Services, client: httpx.AsyncClient, shop: Shop, clock: MovableClock) -> History:
    """A till, and four members without points."""
    await publish(services, PROGRAMME)
    till = await shop.till()
    names = ("anna", "boris", "clara", "dina")
    members = {name: await shop.member(email=f"{name}@example.com") for name in names}
    return History(services, client, shop, clock, till, members)


async def play(history: History) -> None:
    """Everything that can happen to points. Afterwards anna has an open hold, free points, a reward to be used and a
    gift, gave both back once, and has money that was paid, is to be paid and is asked for; boris has debt and gave a
    gift back, clara was merged into anna, dina was erased.
    """
    for day in range(6):
        await history.passes(days=1, minutes=3)
        await history.buys("anna", f"a{day}", line("x", 12_000, quantity="3"), line("y", 5_000 + day))
        await history.buys("boris", f"b{day}", line("x", 60_000))
        await history.tells("anna", "login", f"al{day}")
        await history.tells("clara", "login", f"cl{day}")
    await history.tells("anna", "story", "as", proof=Proof(text="It was good."))
    await history.tells("dina", "story", "ds", proof=Proof(link="https://example.com/dina"))
    await history.pays_invoice("anna", "i1", 400, 600)
    await history.pays_invoice("anna", "i2", 1_000)
    await history.pays_invoice("anna", "i5", 1_000, is_cancelled=True)
    await history.pays_invoice("clara", "i3", 1_000)
    await history.pays_invoice("clara", "i4", 10)
    await history.does("boris", PointsGrant(wallet="points", points=40, expiry=PROGRAMME.expiry))
    grant = PointsGrant(wallet="points", points=30, expiry=PROGRAMME.expiry)
    await history.does("boris", grant, and_takes_back=True)
    await history.does("anna", RewardGrant(reward="mug"), and_takes_back=True)
    await history.does("boris", Retroactive(document=MORE_A_DAY, rules=("base",)))
    await history.pays("anna", "a-paid", 60, line("x", 9_000, quantity="2"), line("y", 8_000))
    await history.returns("a-paid", "r1", x="1")
    await history.returns("a-paid", "r2", y="1")
    await history.returns("a0", "r3", x="2", y="1")
    await history.takes("boris", "mug", gives_it_back=True)
    await history.fills("cinema", 3)
    await history.takes("boris", "ticket")
    await history.is_given("boris", "mug")
    await history.takes("boris", "ticket", gives_it_back=True)
    await history.buys("boris", "b-redeemed", line("x", 20_000), redemptions=[await history.takes("boris", "tenth")])
    await history.buys("boris", "b-void", line("x", 20_000), redemptions=[await history.takes("boris", "tenth")])
    await history.voids(receipt={"number": "b-void", "business_date": "2026-03-02"})
    await history.buys("boris", "b-given", line("x", 20_000), redemptions=[await history.gives("anna", "boris")])
    await history.voids(receipt={"number": "b-given", "business_date": "2026-03-02"})
    await history.seals()
    await history.pays("boris", "b-paid", 2_000, line("x", 400_000))
    for day in range(3):
        await history.returns(f"b{day}", f"rb{day}")
    await _what_is_refused_and_taken_back(history)
    await history.buys("clara", "c0", line("x", 20_000))
    await history.buys("dina", "d0", line("x", 20_000))
    await history.corrects("clara", 50)
    await history.corrects("anna", -20)
    await history.passes(days=1)
    await history.merges("clara", "anna")
    await history.returns("c0", "rc", x="1")
    await history.erases("dina")
    await history.buys("dina", "d1", line("x", 1_000))
    await history.passes(days=27)
    for month in ("2026-02", "2026-03"):
        await history.closes(month)
    await history.buys("anna", "a-late", line("x", 30_000))
    for reward_code in ("tenth", "mug"):
        await history.takes("anna", reward_code)
        await history.takes("anna", reward_code, gives_it_back=True)
    await history.cashes("anna", 2, "approved", "exported", "paid")
    await history.cashes("anna", 1, "approved", "exported", "failed")
    await history.cashes("anna", 1, "refused")
    await history.cashes("anna", 3, "approved")
    await history.cashes("anna", 1)
    await history.corrects("boris", -5_000, into_debt=True)
    await history.holds("anna", 30, line("x", 30_000))
    await history.sweeps()
    await _somebody_moves_in(history.services)
    await history.seals()
    await history.delivers()
    await history.passes(minutes=1)
    await history.buys("anna", "a-last", line("x", 700))


async def _what_is_refused_and_taken_back(history: History) -> None:
    member = {"id": member_public_id(history.members["anna"])}
    wrong = sale("odd", member=member) | {"total_minor": 1}
    refused = await send(history.client, history.till, "purchases", wrong)
    assert refused.status_code == 422
    _, hold_id = await history.holds("anna", 40, line("x", 20_000))
    await history.voids(hold_id=hold_id)
    _, timed_out = await history.holds("anna", 40, line("x", 20_000))
    await history.passes(days=1)
    await history.buys("anna", "a-after", line("x", 20_000), hold_id=timed_out)
    await history.voids(receipt={"number": "a1", "business_date": "2026-03-02"})
    await history.voids(receipt={"number": "never", "business_date": "2026-03-02"})
    await done(history.client, history.till, "purchases", sale("guest"))
    await history.returns("waits", "rw")
    await history.buys("anna", "waits", line("x", 10_000))
    await history.returns("nowhere", "rn")
