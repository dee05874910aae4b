"""Consents in requests and answers, the same at a till, in the app and in the console."""

from collections.abc import Iterable
from datetime import datetime
from typing import Annotated, TypeAlias

import msgspec
from msgspec import Meta, Struct

from api import fields
from loyalty.members.consents import ConsentGiven
from loyalty.models import Consent


class ConsentAnswer(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What the customer said when asked, with the version of the text that was shown to them."""

    purpose: fields.Word
    channel: fields.Word
    granted: bool
    text_version: fields.Version


ConsentAnswers: TypeAlias = Annotated[list[ConsentAnswer], Meta(max_length=20)]


class ConsentView(Struct, frozen=True, kw_only=True):
    """What was agreed to or withdrawn, when, where, and which text was shown."""

    purpose: str
    channel: str
    granted: bool
    recorded_at: datetime
    source: str
    text_version: str


def consents_given(answers: Iterable[ConsentAnswer], source: str) -> tuple[ConsentGiven, ...]:
    """The answers, with who asked."""
    return tuple(
        ConsentGiven(
            purpose=answer.purpose,
            channel=answer.channel,
            granted=answer.granted,
            source=source,
            text_version=answer.text_version,
        )
        for answer in answers
    )


def view_consents(consents: Iterable[Consent]) -> list[ConsentView]:
    return [msgspec.convert(consent, ConsentView, from_attributes=True) for consent in consents]
