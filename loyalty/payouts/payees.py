"""Whom a payout is paid to: a person's name and account. Personal data: it stands in one table that can be erased."""

from datetime import datetime
from typing import Final

from msgspec import Struct
from stdnum import iban as ibans
from stdnum.exceptions import ValidationError

from kernel.database import WriteSession, driver
from kernel.errors import UnprocessableError

_SHOWN: Final = 4
_DOTS: Final = "•" * 4
_FORGET: Final = """
DELETE FROM payout_payee AS y USING payout AS p JOIN redemption AS r USING (member_id, redemption_no)
WHERE (y.member_id, y.redemption_no) = (p.member_id, p.redemption_no) AND p.batch_id IS NULL AND r.ended_at <= $1
"""


class IbanNotValidError(UnprocessableError):
    """It is no International Bank Account Number, or has a typing error."""

    code = "iban_not_valid"
    title = "This is not an IBAN; look for a typing error."


class OneAccountNeededError(UnprocessableError):
    """Neither an IBAN nor another account was given, or both."""

    code = "one_account_needed"
    title = "A payout goes to one account: an IBAN or another one."


class Payee(Struct, frozen=True):
    """A checked account and who holds it."""

    holder: str
    account: str
    is_iban: bool


def payee_of(*, holder: str, iban: str | None, account: str | None) -> Payee:
    """The payee, in the form that is kept.

    An IBAN is checked by its country's form and its check digits (ISO 13616); whether the bank has such an account only
    the bank can say. Raises ``IbanNotValidError`` and ``OneAccountNeededError``.
    """
    if iban is not None and account is None:
        try:
            return Payee(holder, ibans.validate(iban), is_iban=True)
        except ValidationError:
            raise IbanNotValidError from None
    if account is None or iban is not None:
        raise OneAccountNeededError
    return Payee(holder, account, is_iban=False)


def masked_account(account: str) -> str:
    """Enough for its owner to recognise it: ``••••3000``."""
    return _DOTS + account[-min(_SHOWN, len(account) // 2) :]


async def forget_unpaid_payees(session: WriteSession, *, now: datetime) -> None:
    """Remove the payees of payouts that ended without having been exported: nobody needs them any more."""
    await (await driver(session)).execute(_FORGET, now)
