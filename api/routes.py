"""Every route of the API on one screen. The path's root decides the audience (``api/security/middleware.py``)."""

from typing import Final

from litestar.types import ControllerRouterHandler

from api.admin.development import development_outbox
from api.admin.sessions import AdminSessions
from api.auth.codes import AuthCodes
from api.auth.sessions import AuthSessions
from api.me.identities import MyIdentities
from api.me.profile import MyProfile
from api.me.qr_secret import qr_secret
from api.pos.lookups import look_up_member
from api.pos.proofs import PosProofs
from api.pos.purchases import PurchasesController
from api.pos.registrations import register
from api.pos.sessions import PosSessions
from api.wellknown import jwks

ROUTES: Final[tuple[ControllerRouterHandler, ...]] = (
    # Anybody
    jwks,
    AuthCodes,
    AuthSessions,
    # A member's phone
    MyProfile,
    MyIdentities,
    qr_secret,
    # A till
    PosSessions,
    look_up_member,
    register,
    PurchasesController,
    PosProofs,
    # Staff
    AdminSessions,
    development_outbox,
)
