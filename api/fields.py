"""Field types of request bodies: bounds and examples said once. What a value means is checked by the domain.

A pattern ends in ``$(?!\\n)``, since Python's ``$`` by itself lets a last line break pass.
"""

from datetime import date
from typing import Annotated, TypeAlias

from msgspec import Meta

Phone: TypeAlias = Annotated[str, Meta(min_length=1, max_length=32, examples=["+7 999 000 00 01"])]
Email: TypeAlias = Annotated[str, Meta(min_length=3, max_length=320, examples=["anna@example.com"])]
Card: TypeAlias = Annotated[str, Meta(min_length=4, max_length=48, examples=["2900 0000 1234"])]
ExternalSystem: TypeAlias = Annotated[str, Meta(min_length=1, max_length=23, examples=["webshop"])]
ExternalId: TypeAlias = Annotated[str, Meta(min_length=1, max_length=128, examples=["customer-77"])]
QrText: TypeAlias = Annotated[str, Meta(min_length=1, max_length=64, examples=["CB1.2K9-Q4.04815162"])]
BarcodeDigits: TypeAlias = Annotated[str, Meta(min_length=18, max_length=26, examples=["000085321048151620"])]
CodeId: TypeAlias = Annotated[
    str, Meta(min_length=1, max_length=64, pattern="^[A-Za-z0-9_-]+$(?!\\n)", examples=["3q2-7wEAAQIDBAUGBwgJCg"])
]
OneTimeCodeDigits: TypeAlias = Annotated[
    str, Meta(min_length=6, max_length=6, pattern="^[0-9]+$(?!\\n)", examples=["048151"])
]
MemberTokenText: TypeAlias = Annotated[str, Meta(min_length=1, max_length=4096, examples=["eyJhbGciOiJFUzI1NiIs..."])]
DeviceId: TypeAlias = Annotated[
    str,
    Meta(
        min_length=16, max_length=128, pattern="^[A-Za-z0-9._-]+$(?!\\n)", examples=["0197a5c2b1d37f0e9c6a4d8e2f5b7a94"]
    ),
]
"""Made up by an app when it is installed, and kept there. Only a keyed hash of it is kept here, for half a year."""
Language: TypeAlias = Annotated[str, Meta(min_length=2, max_length=16, examples=["en"])]
Zone: TypeAlias = Annotated[str, Meta(min_length=1, max_length=64, examples=["Europe/Moscow"])]
PersonName: TypeAlias = Annotated[str, Meta(max_length=200, examples=["Anna Kovaleva"])]
Birthday: TypeAlias = Annotated[date, Meta(examples=["1990-05-17"])]
Secret: TypeAlias = Annotated[str, Meta(min_length=1, max_length=256, examples=["correct horse battery staple"])]
Code: TypeAlias = Annotated[
    str, Meta(min_length=1, max_length=63, pattern="^[A-Za-z0-9][A-Za-z0-9._-]*$(?!\\n)", examples=["vera-3"])
]
"""An id that the business chose: of a store, a terminal, a cashier."""
Word: TypeAlias = Annotated[
    str, Meta(min_length=1, max_length=32, pattern="^[a-z0-9][a-z0-9_-]*$(?!\\n)", examples=["marketing"])
]
Version: TypeAlias = Annotated[
    str, Meta(min_length=1, max_length=64, pattern="^[A-Za-z0-9][A-Za-z0-9._-]*$(?!\\n)", examples=["2026-01"])
]
Line: TypeAlias = Annotated[
    str,
    Meta(
        min_length=1,
        max_length=200,
        pattern="^[^\\u0000-\\u0020\\u007f][^\\u0000-\\u001f\\u007f]*$(?!\\n)",
        examples=["Main street"],
    ),
]
"""One printable line that does not begin with a space: a name, a label."""
LegalEntity: TypeAlias = Annotated[
    str,
    Meta(
        min_length=1,
        max_length=128,
        pattern="^[^\\u0000-\\u0020\\u007f][^\\u0000-\\u001f\\u007f]*$(?!\\n)",
        examples=["Coffee LLC"],
    ),
]
Note: TypeAlias = Annotated[
    str, Meta(max_length=2_000, pattern="^[^\\u0000-\\u0008\\u000e-\\u001f\\u007f]*$", examples=["Asked for by phone."])
]
"""Free text. It may name people, so it is kept where it can be erased."""
Reason: TypeAlias = Annotated[
    str, Meta(min_length=1, max_length=64, pattern="^[a-z0-9][a-z0-9_-]*$(?!\\n)", examples=["goodwill"])
]
"""A reason code. It stays in the books, so it says nothing about a person."""
Currency: TypeAlias = Annotated[str, Meta(min_length=3, max_length=3, pattern="^[A-Z]{3}$(?!\\n)", examples=["EUR"])]
MemberId: TypeAlias = Annotated[
    str, Meta(min_length=1, max_length=64, pattern="^mem_[0-9A-Za-z-]+$(?!\\n)", examples=["mem_2k9-q4"])
]
Sku: TypeAlias = Annotated[
    str, Meta(min_length=1, max_length=64, pattern="^[^\\u0000-\\u001f\\u007f/]+$(?!\\n)", examples=["espresso"])
]
RewardCode: TypeAlias = Annotated[
    str, Meta(min_length=1, max_length=64, pattern="^[A-Za-z0-9][A-Za-z0-9_.-]*$(?!\\n)", examples=["free-cup"])
]
RedemptionCode: TypeAlias = Annotated[str, Meta(min_length=1, max_length=64, examples=["RWD_8K2M94QX7RT-5H"])]
"""What a customer shows of an issued reward, typed or scanned."""
PresentCode: TypeAlias = Annotated[str, Meta(min_length=1, max_length=64, examples=["GFT_8K2M94QX7RT-QD"])]
"""What a friend shows or sends."""
Iban: TypeAlias = Annotated[
    str, Meta(min_length=15, max_length=48, pattern="^[A-Za-z0-9 ]+$(?!\\n)", examples=["DE89 3704 0044 0532 0130 00"])
]
BankAccount: TypeAlias = Annotated[
    str,
    Meta(min_length=4, max_length=64, pattern="^[A-Za-z0-9][A-Za-z0-9 ./-]*$(?!\\n)", examples=["044525225/40817810"]),
]
"""An account where there are no IBANs, as the business's bank writes it."""
