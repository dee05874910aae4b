"""Exactly one of a phone and an e-mail, as several bodies carry it."""

from kernel.errors import UnprocessableError
from loyalty import identities
from loyalty.identities import KnownBy


class OneAddressError(UnprocessableError):
    """Neither or both were given."""

    code = "one_address_needed"
    title = "Give either a phone or an e-mail."


def one_address(phone: str | None, email: str | None, *, region: str | None) -> KnownBy:
    """The one that was given, in its normal form."""
    if phone is not None and email is None:
        return identities.phone(phone, region=region)
    if email is not None and phone is None:
        return identities.email(email)
    raise OneAddressError
