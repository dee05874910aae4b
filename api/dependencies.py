"""What a handler may ask for by name: ``services``, and the ``caller`` of its audience.

Litestar would validate each injected object again on every request; these are ours and are handed through as they
are. Each alias is used with the parameter name of its provider.

Providers that do not need each other are run as tasks of a group, which was measured at a third of all that happens to
a request before its handler. Each provider therefore asks for the one before it: they are called one after another.
"""

from typing import Any, TypeAlias

from litestar import Request
from litestar.datastructures import State
from litestar.di import NamedDependency, Provide
from litestar.params import SkipValidation

from api.callers import Caller, MemberCaller, StaffCaller, SystemCaller, TerminalCaller
from api.services import Services

ServicesOf: TypeAlias = NamedDependency[SkipValidation[Services]]
Member: TypeAlias = NamedDependency[SkipValidation[MemberCaller]]
Terminal: TypeAlias = NamedDependency[SkipValidation[TerminalCaller]]
Staff: TypeAlias = NamedDependency[SkipValidation[StaffCaller]]
System: TypeAlias = NamedDependency[SkipValidation[SystemCaller]]


def provide_services(state: State) -> Services:
    services: Services = state.services
    return services


def provide_caller(request: Request[Any, Any, Any], services: ServicesOf) -> Caller:
    """The caller that the authentication middleware put there; the path root decides its type."""
    caller: Caller = request.scope["user"]
    return caller


PROVIDERS = {
    "services": Provide(provide_services, sync_to_thread=False),
    "caller": Provide(provide_caller, sync_to_thread=False),
}
