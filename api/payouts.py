"""What members and staff say of a payout, and see of it."""

from datetime import datetime
from typing import Annotated

from msgspec import Meta, Struct

from api import fields
from api.idempotency import veiled
from api.redemptions import PaidPrice
from api.services import Services
from loyalty.payouts.finding import FoundPayout
from loyalty.payouts.payees import Payee, masked_account, payee_of
from loyalty.payouts.states import payout_state
from loyalty.rewards.codes import redemption_id


class NewPayee(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Whom to pay: who holds the account, and its IBAN, or where there is none its number as the bank writes it."""

    holder: fields.Line
    iban: fields.Iban | None = None
    account: fields.BankAccount | None = None


class NewPayout(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which reward of the kind ``payout``, how many units of it, and to whom."""

    reward: fields.RewardCode
    units: Annotated[int, Meta(ge=1, le=1_000_000, examples=[5])]
    payee: NewPayee

    def checked_payee(self) -> Payee:
        """Raises ``IbanNotValidError`` and ``OneAccountNeededError``."""
        return payee_of(holder=self.payee.holder, iban=self.payee.iban, account=self.payee.account)

    def compared(self, services: Services) -> dict[str, object]:
        """What repeats are compared with: whom to pay stands in no stored request."""
        payee = self.payee
        private = [veiled(services, text) for text in (payee.holder, payee.iban, payee.account)]
        return {"reward": self.reward, "units": self.units, "payee": private}


class PayoutView(Struct, frozen=True, kw_only=True):
    """Points that become money."""

    id: str
    """Also that of its redemption, under which it is given back while it is ``requested``."""
    reward: str
    state: Annotated[str, Meta(examples=["requested"])]
    """``requested``, ``approved``, ``exported``, ``paid``, ``refused``, ``cancelled``, ``expired`` or ``failed``."""
    units: int
    amount_minor: int
    currency: str
    prices: list[PaidPrice]
    """Held while it is ``requested``; spent from then on, unless it ended without money."""
    account: str | None
    """Its last characters; null once it has been removed."""
    requested_at: datetime
    expires_at: datetime | None
    """Exclusive: until then somebody has to approve it. Null once that was done."""
    ended_at: datetime | None
    reason: str | None
    """Why staff decided so: a code."""


def view_payout(found: FoundPayout, *, now: datetime) -> PayoutView:
    """As its member sees it."""
    payout, redemption = found.payout, found.redemption
    state = payout_state(payout, redemption, now)
    return PayoutView(
        id=redemption_id(payout.member_id, payout.redemption_no),
        reward=redemption.reward,
        state=state,
        units=payout.units,
        amount_minor=payout.amount_minor,
        currency=payout.currency,
        prices=[PaidPrice(wallet=price["wallet"], points=price["points"]) for price in redemption.prices],
        account=None if found.payee is None else masked_account(found.payee.account),
        requested_at=redemption.issued_at,
        expires_at=redemption.expires_at,
        ended_at=redemption.expires_at if state == "expired" else redemption.ended_at,
        reason=redemption.reason,
    )
