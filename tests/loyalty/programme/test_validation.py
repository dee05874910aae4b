import asyncio
import copy
from typing import Any

import pytest

from loyalty.programme.decoding import (
    ProgrammeUnreadableError,
    decode_programme,
    decode_programme_yaml,
    encode_programme,
    encode_programme_yaml,
)
from loyalty.programme.problems import errors_among
from loyalty.programme.validation import ProgrammeProblem, problems_of, validate

SOUND: dict[str, Any] = {
    "name": "Corner coffee",
    "currency": "EUR",
    "fallback_language": "en",
    "wallets": [
        {
            "code": "beans",
            "names": {
                "en": {"one": "bean", "other": "beans"},
                "ru": {"one": "зерно", "few": "зерна", "many": "зёрен", "other": "зерна"},
            },
        }
    ],
    "primary_wallet": "beans",
    "spending": {"value": {"points": 10, "minor": 1}, "excluded": {"categories": ["tobacco"]}},
    "pending": {"kind": "days", "days": 14},
    "expiry": {"kind": "end_of_period", "period": "year", "count": 1},
    "expiry_by_tier": {"gold": {"kind": "never"}},
    "tiers": [{"code": "gold", "names": {"en": "Gold"}, "multiplier": "1.25"}],
    "segments": [
        {"code": "friends", "names": {"en": "Friends"}},
        {"code": "regulars", "names": {"en": "Regulars"}, "condition": "member.purchases_count >= 10"},
    ],
    "receipts": {"en": {"printed": ["You earned {earned}."], "prompt": "Up to {maximum}."}},
    "earn_rules": [
        {
            "code": "base",
            "names": {"en": "A bean per euro"},
            "formula": {"kind": "rate", "points": 1, "per_minor": 100},
        },
        {
            "code": "early-bird",
            "names": {"en": "Early bird"},
            "formula": {"kind": "multiplier", "factor": "2"},
            "lines": {"categories": ["drinks/coffee"]},
            "windows": [{"weekdays": [1, 2, 3, 4, 5], "from_time": "06:00", "until_time": "09:00"}],
            "condition": "member.purchases_count > 0",
        },
    ],
    "actions": [
        {
            "code": "survey",
            "names": {"en": "Survey"},
            "kind": "custom",
            "fields": [
                {"code": "stars", "type": "int"},
                {"code": "topic", "type": "choice", "choices": ["food", "service"]},
            ],
            "reported_by": ["member", "system"],
            "natural_key": ["topic"],
            "limits": {"week": 3},
        },
        {"code": "cake", "names": {"en": "Birthday"}, "kind": "birthday"},
    ],
    "action_rules": [
        {
            "code": "survey-pays",
            "names": {"en": "Thank you"},
            "action": "survey",
            "formula": {"kind": "per_unit", "points": 2, "field": "stars"},
            "condition": "action.topic == 'food' && member.purchases_count > 0",
        },
    ],
}


def broken(path: str, value: Any) -> dict[str, Any]:
    """The sound document with another value at ``path`` ("earn_rules.0.code")."""
    document = copy.deepcopy(SOUND)
    *parents, last = path.split(".")
    place: Any = document
    for name in parents:
        place = place[int(name)] if isinstance(place, list) else place.setdefault(name, {})
    place[int(last) if isinstance(place, list) else last] = value
    return document


def test_a_sound_document_has_no_problems_and_survives_both_encodings() -> None:
    document = decode_programme(SOUND)
    assert errors_among(validate(document)) == []
    assert decode_programme(encode_programme(document)) == document
    assert decode_programme_yaml(encode_programme_yaml(document)) == document


BROKEN = [
    ("name", " ", "$.name", "empty_text"),
    ("currency", "euro", "$.currency", "bad_currency"),
    ("fallback_language", "xx", "$.fallback_language", "unknown_language"),
    ("primary_wallet", "stars", "$.primary_wallet", "unknown_wallet"),
    ("wallets", [], "$.primary_wallet", "unknown_wallet"),
    ("wallets.0.exponent", 7, "$.wallets[0].exponent", "out_of_range"),
    ("wallets.0.names", {"ru": SOUND["wallets"][0]["names"]["ru"]}, "$.wallets[0].names", "no_fallback_text"),
    ("wallets.0.names.en", {"other": "beans"}, "$.wallets[0].names.en", "missing_plural_form"),
    ("wallets.0.names.en.few", "beans", "$.wallets[0].names.en.few", "unknown_plural_form"),
    ("wallets.0.expired_restore", {"kind": "grace"}, "$.wallets[0].expired_restore.grace_days", "bad_grace"),
    ("spending.value", {"points": 0}, "$.spending.value.points", "out_of_range"),
    ("spending.value", {"minor": 2**53}, "$.spending.value.minor", "out_of_range"),
    ("spending.maximum_share_bp", 10_001, "$.spending.maximum_share_bp", "out_of_range"),
    ("spending.step_points", 0, "$.spending.step_points", "out_of_range"),
    ("spending.proofs", ["smile"], "$.spending.proofs[0]", "unknown_proof"),
    ("spending.proofs", [], "$.spending.proofs", "missing"),
    ("spending.wallet", "stars", "$.spending.wallet", "unknown_wallet"),
    ("spending.excluded", {"kinds": ["ghost"]}, "$.spending.excluded.kinds[0]", "unknown_line_kind"),
    ("pending", {"kind": "days"}, "$.pending.days", "out_of_range"),
    ("pending", {"kind": "until"}, "$.pending.until", "missing"),
    ("pending", {"kind": "none", "days": 3}, "$.pending.days", "not_for_this_kind"),
    ("expiry", {"kind": "someday"}, "$.expiry.kind", "unknown_kind"),
    ("expiry", {"kind": "months"}, "$.expiry.count", "out_of_range"),
    ("expiry", {"kind": "months", "count": 10**9}, "$.expiry.count", "out_of_range"),
    ("expiry", {"kind": "on_date"}, "$.expiry.last_day", "missing"),
    ("expiry", {"kind": "calendar"}, "$.expiry.dates", "missing"),
    ("expiry", {"kind": "calendar", "dates": ["12-32"]}, "$.expiry.dates[0]", "bad_date"),
    ("expiry_by_tier.silver", {"kind": "never"}, "$.expiry_by_tier.silver", "unknown_tier"),
    ("tiers.0.multiplier", "1.2345", "$.tiers[0].multiplier", "bad_factor"),
    ("tiers.0.code", "gold rush", "$.tiers[0].code", "bad_code"),
    ("till.quote_valid_seconds", 0, "$.till.quote_valid_seconds", "out_of_range"),
    ("receipts.en.prompt", "Up to {maxmum}", "$.receipts.en.prompt", "unknown_placeholder"),
    ("receipts.en.prompt", "Up to {maximum", "$.receipts.en.prompt", "bad_placeholder"),
    ("receipts.en.printed", ["{earned.__class__}"], "$.receipts.en.printed[0]", "bad_placeholder"),
    ("receipts", {"ru": {}}, "$.receipts", "no_fallback_text"),
    ("earn_rules.1.code", "base", "$.earn_rules[1].code", "duplicate_code"),
    ("earn_rules.0.names", {"ru": "Зерно"}, "$.earn_rules[0].names", "no_fallback_text"),
    ("earn_rules.0.wallet", "stars", "$.earn_rules[0].wallet", "unknown_wallet"),
    ("earn_rules.0.tiers", ["silver"], "$.earn_rules[0].tiers[0]", "unknown_tier"),
    ("earn_rules.0.segments", ["foes"], "$.earn_rules[0].segments[0]", "unknown_segment"),
    ("segments.1.condition", "'friends' in member.segments", "$.segments[1].condition", "circular"),
    ("segments.1.condition", "purchase.total_minor > 1", "$.segments[1].condition", "bad_condition"),
    ("segments.1.code", "friends", "$.segments[1].code", "duplicate_code"),
    ("earn_rules.0.stores", [""], "$.earn_rules[0].stores[0]", "empty_text"),
    ("earn_rules.0.formula.kind", "magic", "$.earn_rules[0].formula.kind", "unknown_kind"),
    ("earn_rules.0.formula.points", 0, "$.earn_rules[0].formula.points", "out_of_range"),
    ("earn_rules.0.formula.per_minor", 0, "$.earn_rules[0].formula.per_minor", "out_of_range"),
    ("earn_rules.0.formula.points", 2**53, "$.earn_rules[0].formula.points", "out_of_range"),
    ("earn_rules.0.formula.points", -1, "$.earn_rules[0].formula.points", "out_of_range"),
    ("earn_rules.0.formula.factor", "2", "$.earn_rules[0].formula.factor", "not_for_this_kind"),
    *(
        ("earn_rules.1.formula.factor", factor, "$.earn_rules[1].formula.factor", "bad_factor")
        for factor in ("0", "10.001", "-1", "1.2345", "1,5", "NaN", "1e1", "٢", "", ".5", "1.")
    ),
    ("earn_rules.0.formula", {"kind": "steps"}, "$.earn_rules[0].formula.steps", "missing"),
    (
        "earn_rules.0.formula",
        {"kind": "steps", "steps": [{"from_minor": 5, "points": 1}, {"from_minor": 5, "points": 2}]},
        "$.earn_rules[0].formula.steps[1].from_minor",
        "not_ascending",
    ),
    ("earn_rules.0.caps", {"day": 0}, "$.earn_rules[0].caps.day", "out_of_range"),
    ("earn_rules.0.budget_points", 0, "$.earn_rules[0].budget_points", "out_of_range"),
    ("earn_rules.1.caps", {"day": 5}, "$.earn_rules[1]", "limit_on_multiplier"),
    ("earn_rules.0.expiry", {"kind": "sliding_days", "count": 5}, "$.earn_rules[0].expiry.kind", "sliding_in_rule"),
    ("earn_rules.0.lines", {"categories": ["food//bread"]}, "$.earn_rules[0].lines.categories[0]", "bad_category"),
    (
        "earn_rules.0.windows",
        [{"from_date": "2026-11-28", "until_date": "2026-11-28"}],
        "$.earn_rules[0].windows[0].until_date",
        "ends_before_start",
    ),
    (
        "earn_rules.0.windows",
        [{"from_at": "2026-11-28T00:00:00Z", "until_at": "2026-11-28T01:00:00+02:00"}],
        "$.earn_rules[0].windows[0].until_at",
        "ends_before_start",
    ),
    (
        "earn_rules.0.windows",
        [{"from_at": "2026-11-28T00:00:01Z"}],
        "$.earn_rules[0].windows[0].from_at",
        "not_whole_minute",
    ),
    (
        "earn_rules.0.windows",
        [{"from_time": "22:00", "until_time": "02:00"}],
        "$.earn_rules[0].windows[0].until_time",
        "ends_before_start",
    ),
    *(
        ("earn_rules.0.windows", [{"until_time": time}], "$.earn_rules[0].windows[0].until_time", "bad_time")
        for time in ("24:01", "9:00", "12:60", "noon", "٠٩:٠٠", "-1:00", "+1:00")
    ),
    ("earn_rules.0.windows", [{"weekdays": [0]}], "$.earn_rules[0].windows[0].weekdays[0]", "out_of_range"),
    ("earn_rules.0.condition", "purchase.totl > 1", "$.earn_rules[0].condition", "bad_condition"),
    ("earn_rules.0.names.en", "x" * 2_001, "$.earn_rules[0].names.en", "text_too_long"),
    ("earn_rules.0.stores", [str(n) for n in range(10_001)], "$.earn_rules[0].stores", "too_many"),
    ("actions.1.code", "survey", "$.actions[1].code", "duplicate_code"),
    ("actions.0.code", "s" * 49, "$.actions[0].code", "text_too_long"),
    ("actions.0.names", {"ru": "Опрос"}, "$.actions[0].names", "no_fallback_text"),
    ("actions.0.kind", "dance", "$.actions[0].kind", "unknown_kind"),
    ("actions.0.proof", "oath", "$.actions[0].proof", "unknown_proof"),
    ("actions.1.proof", "moderated", "$.actions[1].proof", "not_for_this_kind"),
    ("actions.0.reported_by", [], "$.actions[0].reported_by", "missing"),
    ("actions.0.reported_by", ["neighbour"], "$.actions[0].reported_by[0]", "unknown_reporter"),
    ("actions.1.reported_by", ["member"], "$.actions[1].reported_by[0]", "unknown_reporter"),
    ("actions.1.natural_key", ["stars"], "$.actions[1].natural_key", "not_for_this_kind"),
    ("actions.0.natural_key", ["mood"], "$.actions[0].natural_key[0]", "unknown_field"),
    ("actions.0.limits", {"day": 0}, "$.actions[0].limits.day", "out_of_range"),
    ("actions.0.cooldown_hours", 10**6, "$.actions[0].cooldown_hours", "out_of_range"),
    ("actions.0.fields.0.code", "Stars!", "$.actions[0].fields[0].code", "bad_code"),
    ("actions.0.fields.0.code", "in", "$.actions[0].fields[0].code", "bad_code"),
    ("actions.0.fields.0.code", "weekday", "$.actions[0].fields[0].code", "duplicate_code"),
    ("actions.0.fields.0.type", "float", "$.actions[0].fields[0].type", "unknown_field_type"),
    ("actions.0.fields.1.choices", [], "$.actions[0].fields[1].choices", "bad_choices"),
    ("actions.0.fields.0.choices", ["one"], "$.actions[0].fields[0].choices", "bad_choices"),
    ("actions.0.fields.1.choices", ["food", "So so"], "$.actions[0].fields[1].choices[1]", "bad_code"),
    ("action_intake.late_days", 10**4, "$.action_intake.late_days", "out_of_range"),
    ("action_rules.0.code", "base", "$.action_rules[0].code", "duplicate_code"),
    ("action_rules.0.action", "dance", "$.action_rules[0].action", "unknown_action"),
    ("action_rules.0.names", {}, "$.action_rules[0].names", "no_fallback_text"),
    ("action_rules.0.wallet", "stars", "$.action_rules[0].wallet", "unknown_wallet"),
    ("action_rules.0.caps", {"day": 0}, "$.action_rules[0].caps.day", "out_of_range"),
    ("action_rules.0.formula.kind", "rate", "$.action_rules[0].formula.kind", "unknown_kind"),
    ("action_rules.0.formula.per", 0, "$.action_rules[0].formula.per", "out_of_range"),
    ("action_rules.0.formula.field", "topic", "$.action_rules[0].formula.field", "unknown_field"),
    ("action_rules.0.formula", {"kind": "steps", "field": "stars"}, "$.action_rules[0].formula.steps", "missing"),
    (
        "action_rules.0.formula",
        {"kind": "places", "field": "stars", "steps": [{"value": 2, "points": 1}, {"value": 1, "points": 2}]},
        "$.action_rules[0].formula.steps[1].value",
        "not_ascending",
    ),
    ("action_rules.0.condition", "action.mood > 1", "$.action_rules[0].condition", "bad_condition"),
    ("action_rules.0.condition", "action.stars == 'five'", "$.action_rules[0].condition", "bad_condition"),
    ("action_rules.0.condition", "purchase.total_minor > 1", "$.action_rules[0].condition", "bad_condition"),
]


@pytest.mark.parametrize(("path", "value", "found_at", "code"), BROKEN)
def test_a_problem_is_reported_with_its_place(path: str, value: Any, found_at: str, code: str) -> None:
    problems = validate(decode_programme(broken(path, value)))
    assert (found_at, code) in [(problem.path, problem.code) for problem in problems]


def test_every_problem_is_reported_at_once() -> None:
    document = broken("earn_rules.0.condition", "purchase.totl > 1 || x")
    document["primary_wallet"] = "stars"
    document["tiers"][0]["multiplier"] = "0"
    assert errors_among(validate(decode_programme(document))) == [
        ProgrammeProblem("$.primary_wallet", "unknown_wallet", "'stars' is none of: beans"),
        ProgrammeProblem("$.tiers[0].multiplier", "bad_factor", "0 is not above 0 and at most 10"),
        ProgrammeProblem("$.earn_rules[0].condition", "bad_condition", "undeclared reference to 'purchase.totl'", 1, 9),
        ProgrammeProblem("$.earn_rules[0].condition", "bad_condition", "undeclared reference to 'x'", 1, 22),
    ]


@pytest.mark.parametrize(
    ("path", "value", "found_at"),
    [
        ("earn_rules.0.pionts", 1, "$.earn_rules[0].pionts"),
        ("earn_rules.0.formula.points", 1.5, "$.earn_rules[0].formula.points"),
        ("earn_rules.0.formula.points", "5", "$.earn_rules[0].formula.points"),
        ("earn_rules.0.rounding", "nearest", "$.earn_rules[0].rounding"),
        ("earn_rules.0.windows", [{"from_at": "2026-11-28T00:00:00"}], "$.earn_rules[0].windows[0].from_at"),
        ("earn_rules.1.formula.factor", 2, "$.earn_rules[1].formula.factor"),
    ],
)
def test_what_is_no_programme_document_is_refused_with_its_path(path: str, value: Any, found_at: str) -> None:
    with pytest.raises(ProgrammeUnreadableError) as refusal:
        decode_programme(broken(path, value))
    assert refusal.value.facts["path"] == found_at


def test_broken_yaml_is_refused_with_line_and_column() -> None:
    with pytest.raises(ProgrammeUnreadableError) as refusal:
        decode_programme_yaml("name: Corner coffee\nname: again\n")
    assert (refusal.value.facts["line"], refusal.value.facts["column"]) == (2, 1)


async def test_others_are_served_while_a_document_is_looked_at() -> None:
    document = decode_programme(broken("earn_rules.0.condition", "purchase.totl > x"))
    looking = asyncio.create_task(problems_of(document))
    await asyncio.sleep(0)
    assert not looking.done(), "the loop went round while the document was looked at"
    assert await looking == validate(document) != []
