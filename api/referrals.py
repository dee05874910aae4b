"""What phones and tills have in common when somebody says who brought them."""

from datetime import datetime
from typing import Annotated, TypeAlias

from msgspec import Meta

from api.services import Services
from loyalty.programme.referrals import Referrals
from loyalty.programme.versions import NoProgrammeError

ReferralCodeText: TypeAlias = Annotated[
    str, Meta(min_length=1, max_length=32, pattern="^[A-Za-z0-9 -]+$(?!\\n)", examples=["7KQ2MXRA"])
]
"""As it is typed: in small letters, with spaces and hyphens."""


def referral_settings(services: Services, now: datetime) -> Referrals | None:
    """Those of the programme in force; None where it has none."""
    try:
        return services.programmes.at(now).document.referrals
    except NoProgrammeError:
        return None
