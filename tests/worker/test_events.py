"""What an event may carry."""

from datetime import UTC, date, datetime
from typing import Any

import msgspec
import pytest

import api.subscriptions
from kernel.events import EVENT_TYPES, Event, decode_event
from loyalty.events import PurchaseRecorded
from tests.worker.pings import Pinged

HARMLESS_TYPES = {int, bool, date, datetime, dict[str, int]}
HARMLESS_WORDS = {
    *("store_id", "currency", "wallet", "outcome", "action_type", "reward", "state", "cause"),
    *("tier", "from_tier", "to_tier", "falls_to"),
}
"""Codes of the programme, and words of closed lists."""
OURS = sorted((each for each in EVENT_TYPES.values() if "tests" not in each.__module__), key=lambda each: each.type)


@pytest.mark.parametrize("event", OURS, ids=lambda event: event.type)
def test_an_event_has_room_for_ids_integers_days_and_instants_only(event: type[Event]) -> None:
    fields: tuple[Any, ...] = msgspec.structs.fields(event)
    assert {field.name for field in fields if field.type not in HARMLESS_TYPES} <= HARMLESS_WORDS


def test_every_event_with_a_reaction_is_known_by_name() -> None:
    assert set(api.subscriptions.REACTIONS) <= set(EVENT_TYPES.values())


def test_a_stored_event_comes_back_the_same_and_forgives_fields_of_a_newer_release() -> None:
    event = PurchaseRecorded(
        member_id=7,
        purchase_no=3,
        store_id="center",
        occurred_at=datetime(2026, 3, 1, 23, 59, 59, 999_999, tzinfo=UTC),
        local_date=date(2026, 3, 2),
        currency="EUR",
        total_minor=1250,
        points_earned={"points": 12},
    )
    stored = msgspec.json.encode({**msgspec.to_builtins(event), "added_later": 1}).decode()
    assert decode_event("purchase_recorded", stored) == event


def test_two_events_of_one_name_are_refused() -> None:
    with pytest.raises(TypeError, match="test_pinged"):
        type("Other", (Event,), {"type": Pinged.type, "__annotations__": {}}, frozen=True, kw_only=True)
