"""One person, many spellings: normal forms, refusals, keyed hashes and masks."""

from datetime import UTC, datetime, timedelta

import pytest

from loyalty import identities
from loyalty.identities import InvalidIdentityError, KnownBy, LookupKey
from loyalty.masks import masked, masked_name
from loyalty.members.qr import (
    QrNotAcceptedError,
    ScannedCode,
    barcode_digits,
    matching_step,
    qr_text,
    read_barcode,
    read_qr_text,
)

NOON = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
RFC_6238_SECRET = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"


@pytest.mark.parametrize(
    ("text", "region", "expected"),
    [
        ("+7 (999) 000-00-01", None, "+79990000001"),
        ("8 999 000 00 01", "RU", "+79990000001"),
        ("999.000.00.01", "RU", "+79990000001"),
        ("+1 212-555-0123", "RU", "+12125550123"),
    ],
)
def test_spellings_of_a_phone_are_one_phone(text: str, region: str | None, expected: str) -> None:
    assert identities.phone(text, region=region) == KnownBy("phone", expected)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "999 000 00 01",
        "+7999",
        "+79990000001x",
        "+1 212 555 0123 ext 4",
        "+7-800-FLOWERS",
        "٨٩١٢٣٤٥١٢٣٤",
        "+7" + "9" * 400,
        "tel:+79990000001",
        "+79990000001\n",
    ],
)
def test_what_is_no_phone_is_refused(text: str) -> None:
    with pytest.raises(InvalidIdentityError):
        identities.phone(text, region=None)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Anna@Example.COM", "anna@example.com"),
        (" anna@example.com ", "anna@example.com"),
        ("anna@xn--80a1acny.xn--p1ai", "anna@почта.рф"),
    ],
)
def test_spellings_of_an_email_are_one_email(text: str, expected: str) -> None:
    assert identities.email(text) == KnownBy("email", expected)


@pytest.mark.parametrize("text", ["", "anna", "anna@", "anna@localhost", "Anna <a@example.com>", "a@[127.0.0.1]"])
def test_what_is_no_email_is_refused(text: str) -> None:
    with pytest.raises(InvalidIdentityError):
        identities.email(text)


@pytest.mark.parametrize(("text", "expected"), [("2900 0000-1234", "290000001234"), ("ab12", "AB12")])
def test_spellings_of_a_card_are_one_card(text: str, expected: str) -> None:
    assert identities.card(text) == KnownBy("card", expected)


@pytest.mark.parametrize("text", ["", "123", "1" * 33, "12_34", "١٢٣٤", "1234\n"])
def test_what_is_no_card_is_refused(text: str) -> None:
    with pytest.raises(InvalidIdentityError):
        identities.card(text)


@pytest.mark.parametrize(("system", "value"), [("", "1"), ("Web", "1"), ("web shop", "1"), ("web", ""), ("web", "ё")])
def test_what_is_no_external_id_is_refused(system: str, value: str) -> None:
    with pytest.raises(InvalidIdentityError):
        identities.external(system, value)


def test_an_error_never_repeats_the_value() -> None:
    with pytest.raises(InvalidIdentityError) as refusal:
        identities.email("anna.kovaleva@@example.com")
    assert "kovaleva" not in f"{refusal.value} {refusal.value.facts}"


def test_the_hash_depends_on_key_kind_and_value() -> None:
    one, other = LookupKey(b"1" * 32), LookupKey(b"2" * 32)
    digests = {one.digest("card", "1234"), one.digest("phone", "1234"), one.digest("card", "1235")}
    digests.add(other.digest("card", "1234"))
    assert len(digests) == 4


def test_a_short_lookup_key_is_refused() -> None:
    with pytest.raises(ValueError, match="32 bytes"):
        LookupKey(b"short")


@pytest.mark.parametrize(
    ("known_by", "expected"),
    [
        (KnownBy("phone", "+79990001234"), "+7 ••• ••• 12-34"),
        (KnownBy("phone", "+12125550123"), "+1 ••• ••• 01-23"),
        (KnownBy("email", "anna@example.com"), "a•••@example.com"),
        (KnownBy("email", "a@example.com"), "•••@example.com"),
        (KnownBy("card", "290000001234"), "••••1234"),
        (KnownBy("card", "AB12"), "••••12"),
        (KnownBy("external:crm", "customer-77"), "••••"),
    ],
)
def test_a_mask_hides_all_but_the_ends(known_by: KnownBy, expected: str) -> None:
    assert masked(known_by) == expected


@pytest.mark.parametrize(
    ("name", "expected"),
    [("Anna Kovaleva", "Anna K."), ("Anna", "Anna"), ("Anna Maria  Kovaleva", "Anna K."), ("", None), (None, None)],
)
def test_a_name_is_masked_to_an_initial(name: str | None, expected: str | None) -> None:
    assert masked_name(name) == expected


@pytest.mark.parametrize(
    ("at", "code"),
    [(59, "94287082"), (1111111109, "07081804"), (1111111111, "14050471"), (20000000000, "65353130")],
)
def test_codes_are_those_of_rfc_6238(at: int, code: str) -> None:
    instant = datetime.fromtimestamp(at, UTC)
    assert qr_text(7, RFC_6238_SECRET, at=instant).endswith(f".{code}")
    assert matching_step(RFC_6238_SECRET, code, at=instant) == at // 30


@pytest.mark.parametrize("member_id", [1, 85_321, 999_999_999, 1_234_567_890, 2**53 - 1])
def test_both_pictures_say_who_and_when(member_id: int) -> None:
    text = qr_text(member_id, RFC_6238_SECRET, at=NOON)
    digits = barcode_digits(member_id, RFC_6238_SECRET, at=NOON)
    assert read_qr_text(text) == read_qr_text(text.lower()) == read_barcode(digits)
    assert read_barcode(digits).member_id == member_id
    assert digits.isdigit()
    assert len(digits) % 2 == 0


@pytest.mark.parametrize(("drift_s", "accepted"), [(-60, False), (-30, True), (0, True), (30, True), (60, False)])
def test_a_code_is_good_for_one_step_around_its_own(drift_s: int, accepted: bool) -> None:
    scanned = read_qr_text(qr_text(7, RFC_6238_SECRET, at=NOON))
    step = matching_step(RFC_6238_SECRET, scanned.totp, at=NOON + timedelta(seconds=drift_s))
    assert (step is not None) is accepted


def test_any_wrong_digit_of_the_barcode_is_noticed() -> None:
    digits = barcode_digits(85_321, RFC_6238_SECRET, at=NOON)
    for position in range(len(digits)):
        wrong = digits[:position] + str((int(digits[position]) + 1) % 10) + digits[position + 1 :]
        with pytest.raises(QrNotAcceptedError):
            read_barcode(wrong)


@pytest.mark.parametrize("text", ["", "CB1", "CB2.2K9-Q4.00000000", "CB1.2K9-Q4.0000", "CB1.2K9-ZZ.00000000", "CB1..1"])
def test_what_is_no_code_of_ours_is_refused(text: str) -> None:
    with pytest.raises(QrNotAcceptedError):
        read_qr_text(text)


def test_a_code_of_before_1970_is_nobodys() -> None:
    assert matching_step(RFC_6238_SECRET, "94287082", at=datetime(1969, 1, 1, tzinfo=UTC)) is None


def test_a_scanned_code_carries_the_member_and_the_digits() -> None:
    assert read_qr_text(qr_text(85_321, RFC_6238_SECRET, at=datetime.fromtimestamp(59, UTC))) == ScannedCode(
        85_321, "94287082"
    )
