import pytest
from msgspec.structs import replace

from loyalty.programme.document import ProgrammeDocument
from loyalty.programme.settings import ReceiptTexts
from loyalty.programme.texts import TillTexts, amount_text, points_text, till_texts
from loyalty.programme.wallets import Wallet

WALLET = Wallet(
    code="points",
    names={
        "en": {"one": "point", "other": "points"},
        "ru": {"one": "балл", "few": "балла", "many": "баллов", "other": "балла"},
    },
)
DOCUMENT = ProgrammeDocument(
    name="Test",
    currency="EUR",
    fallback_language="en",
    wallets=(WALLET,),
    primary_wallet="points",
    receipts={
        "en": ReceiptTexts(
            printed=("You earned {earned}.", "You paid with {spent}.", "Thank you!"), prompt="{maximum}?"
        ),
        "ru": ReceiptTexts(printed=("Начислено: {earned}.",)),
    },
)


@pytest.mark.parametrize(
    ("points", "language", "text"),
    [
        (1, "en", "1 point"),
        (0, "en", "0 points"),
        (1_250, "en-GB", "1,250 points"),
        (1, "ru", "1 балл"),
        (22, "ru", "22 балла"),
        (11, "ru", "11 баллов"),
        (-3, "ru", "-3 балла"),
        (5, "de", "5 points"),
        (5, "nonsense", "5 points"),
    ],
)
def test_points_are_named_with_the_right_plural(points: int, language: str, text: str) -> None:
    assert points_text(WALLET, points, language, "en") == text


def test_an_exponent_only_moves_the_decimal_point() -> None:
    tenths = Wallet(code="points", names=WALLET.names, exponent=1)
    assert points_text(tenths, 265, "en", "en") == "26.5 points"
    assert points_text(tenths, 265, "ru", "en") == "26,5 балла"
    assert points_text(tenths, 10, "en", "en") == "1 point"
    assert points_text(tenths, 11_000, "en", "en") == "1,100 points"


def test_texts_without_their_value_are_left_out() -> None:
    printed = ("You earned 5 points.", "Thank you!")
    assert till_texts(DOCUMENT, "en", {"earned": "5 points"}) == TillTexts("en", printed, "")
    assert till_texts(DOCUMENT, "en", {"maximum": "9 points"}).prompt == "9 points?"


@pytest.mark.parametrize(("asked", "given"), [("ru", "ru"), ("ru-RU", "ru"), ("fr", "en"), ("", "en")])
def test_texts_fall_back_to_the_declared_language(asked: str, given: str) -> None:
    assert till_texts(DOCUMENT, asked, {}).language == given


def test_a_programme_without_texts_prints_nothing() -> None:
    bare = ProgrammeDocument(
        name="Test", currency="EUR", fallback_language="en", wallets=(WALLET,), primary_wallet="points"
    )
    assert till_texts(bare, "ru", {"earned": "5"}) == TillTexts("en", (), "")


@pytest.mark.parametrize(
    ("currency", "language", "text"),
    [("EUR", "en", "€12.50"), ("EUR", "", "€12.50"), ("EUR", "nonsense", "€12.50"), ("JPY", "en", "¥1,250")],
)
def test_money_is_written_in_the_programmes_currency(currency: str, language: str, text: str) -> None:
    assert amount_text(replace(DOCUMENT, currency=currency), 1_250, language) == text
