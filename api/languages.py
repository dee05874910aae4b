"""Which language an answer is in: what the phone asks for, else the member's own, else the programme's fallback."""

from typing import Annotated, Final, TypeAlias, TypeVar

from litestar import Response
from litestar.params import HeaderParameter

from loyalty.programme.document import ProgrammeDocument
from loyalty.programme.languages import best_language

T = TypeVar("T")

AcceptLanguage: TypeAlias = Annotated[
    str | None,
    HeaderParameter(
        name="Accept-Language",
        max_length=1_000,
        required=False,
        description="Languages of the phone, the best first (RFC 9110). Without it the member's own.",
    ),
]

_MOST_ASKED: Final = 20


def choose_language(accepted: str | None, own: str, document: ProgrammeDocument) -> str:
    """The first acceptable language that the primary wallet has a name in: all texts of a programme have those."""
    wallet = next(wallet for wallet in document.wallets if wallet.code == document.primary_wallet)
    offered = frozenset(wallet.names)
    for asked in (*_asked(accepted or ""), own):
        if found := best_language(asked, offered, ""):
            return found
    return document.fallback_language


def in_language(response: Response[T], language: str) -> Response[T]:
    """``response`` marked with its language, and with what decided it."""
    response.headers["Content-Language"] = language
    response.headers["Vary"] = "Authorization, Accept-Language"
    return response


def _asked(header: str) -> list[str]:
    """The header's tags, the most wanted first. What is not understood is left out: any answer beats a refusal."""
    weighed = []
    for item in header.split(",")[:_MOST_ASKED]:
        tag, _, weight = item.partition(";")
        quality = _quality(weight)
        if quality > 0:
            base, dash, region = tag.strip().partition("-")
            weighed.append((quality, base.lower() + dash + region))
    return [tag for _, tag in sorted(weighed, key=lambda pair: -pair[0])]


def _quality(weight: str) -> float:
    name, _, value = weight.strip().partition("=")
    if not name:
        return 1.0
    try:
        return float(value) if name == "q" else 0.0
    except ValueError:
        return 0.0
