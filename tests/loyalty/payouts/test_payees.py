"""An account is checked as far as it can be without the bank, and shown masked."""

import pytest

from loyalty.payouts.payees import (
    IbanNotValidError,
    OneAccountNeededError,
    Payee,
    masked_account,
    payee_of,
)


@pytest.mark.parametrize(
    ("written", "kept"),
    [
        ("DE89 3704 0044 0532 0130 00", "DE89370400440532013000"),
        ("gb82west12345698765432", "GB82WEST12345698765432"),
        ("FR14 2004 1010 0505 0001 3M02 606", "FR1420041010050500013M02606"),
        ("NO93 8601 1117 947", "NO9386011117947"),
    ],
)
def test_an_iban_is_kept_in_its_electronic_form(written: str, kept: str) -> None:
    assert payee_of(holder="Anna", iban=written, account=None) == Payee("Anna", kept, is_iban=True)


@pytest.mark.parametrize(
    "written",
    [
        "DE89 3704 0044 0532 0130 01",  # a wrong digit
        "DE89 3704 0044 0532 0310 00",  # two swapped
        "DE89 3704",  # too short
        "8937 0400 4405 3201 3000",  # no country
        "DE8X 3704 0044 0532 0130 00",  # letters for check digits
        "NO93 8601 1117 947" + "0" * 30,  # too long
    ],
)
def test_a_typing_error_is_noticed(written: str) -> None:
    with pytest.raises(IbanNotValidError):
        payee_of(holder="Anna", iban=written, account=None)


def test_there_is_one_account() -> None:
    assert payee_of(holder="Anna", iban=None, account="40817/1") == Payee("Anna", "40817/1", is_iban=False)
    for iban, account in ((None, None), ("DE89370400440532013000", "40817/1")):
        with pytest.raises(OneAccountNeededError):
            payee_of(holder="Anna", iban=iban, account=account)


def test_an_account_is_shown_by_its_end() -> None:
    assert masked_account("DE89370400440532013000") == "••••3000"
    assert masked_account("4081") == "••••81"
