"""What is said of a component's fields beyond their names: parts that depend on each other, and bodies of options."""

from typing import Any, Final

_LINE: Final = {"id": "1", "sku": "espresso", "quantity": "2", "amount_minor": 1_240}
_RECEIPT: Final = {"number": "0042", "business_date": "2026-03-02"}
_MEMBER: Final = {"token": "eyJhbGciOiJFUzI1NiIs..."}
_BASKET: Final = {"currency": "EUR", "lines": [_LINE], "total_minor": 1_240, "member": _MEMBER}

_REQUESTS: Final[dict[str, dict[str, Any]]] = {
    "AddressToProve": {"email": "anna@example.com", "language": "en"},
    "CodeRequest": {"phone": "+7 999 000 00 01", "language": "en"},
    "SignIn": {"phone": "+7 999 000 00 01"},
    "IdentityToAttach": {"card": "2900 0000 1234"},
    "ProfilePatch": {"language": "en", "name": "Anna Kovaleva"},
    "Lookup": {"phone": "+7 999 000 00 01"},
    "RegistrationRequest": {"phone": "+7 999 000 00 01", "name": "Anna Kovaleva", "language": "en"},
    "QuoteRequest": {**_BASKET, "spend_points": 300},
    "HoldRequest": {**_BASKET, "points": 300, "reference": "sale-42"},
    "PurchaseRequest": {**_BASKET, "receipt": _RECEIPT, "hold_id": "hld_2ka9-3-ar", "print": True},
    "SaleLine": _LINE,
    "ReceiptRef": _RECEIPT,
    "MemberRef": _MEMBER,
    "BatchItem": {
        "key": "riverside-1/0042",
        "kind": "purchase",
        "purchase": {"receipt": _RECEIPT, "occurred_at": "2026-03-02T09:00:00Z", **_BASKET, "offline": True},
    },
    "NamedMember": {"external_system": "billing", "external_id": "customer-77"},
    "RefundRequest": {"receipt": {**_RECEIPT, "number": "0043"}},
    "MemberSearch": {"phone": "+7 999 000 00 01"},
    "NewIdentity": {"card": "2900 0000 1234"},
    "OriginalRef": {"purchase_id": "pur_2ka9-7-br"},
    "VoidRequest": {"hold_id": "hld_2ka9-3-ar"},
    "NewStore": {"store_id": "riverside", "name": "Riverside", "zone": "Europe/Madrid"},
    "StorePatch": {"name": "Riverside, ground floor"},
    "NewTerminal": {"terminal_id": "riverside-1", "store_id": "riverside", "name": "Counter"},
    "TerminalPatch": {"name": "Counter by the door"},
    "NewCashier": {"name": "Vera"},
    "SimulatedSale": {
        "store_id": "riverside",
        "currency": "EUR",
        "lines": [_LINE],
        "total_minor": 1_240,
        "facts": {"purchases_count": 3},
    },
    "NewVersion": {"draft_id": "spring", "note": "Spring prices"},
    "MembersPatch": {"add": ["mem_2ka9-e5"]},
    "NewRetroactiveJob": {"draft_id": "spring", "from_day": "2026-01-01", "rules": ["base"]},
    "NewBulkOperation": {"grant": {"points": 50}, "segment": "gold-fans"},
    "NewBacktest": {"draft_id": "spring", "from_day": "2026-01-01"},
    "NewStaff": {"email": "boris@example.com", "name": "Boris Ivanov"},
}
_ANSWERS: Final[dict[str, dict[str, Any]]] = {
    "CodeSent": {"expires_at": "2026-03-02T09:10:00Z"},
    "ProofCodeSent": {"expires_at": "2026-03-02T09:10:00Z"},
    "TerminalSession": {"expires_in_s": 3_600, "training": False},
    "CashierSession": {"expires_in_s": 43_200},
    "StaffSession": {"expires_in_s": 28_800, "name": "Boris Ivanov"},
    "Customer": {"expires_in_s": 1_800},
    "ApprovalView": {"status": "approved", "reason": None, "decision_reason": None},
    "StoreView": {"name": "Riverside", "status": "open"},
    "TerminalView": {"name": "Counter", "kind": "till"},
    "StaffView": {"name": "Boris Ivanov"},
    "IssuedKeyView": {"secret": "cbk_0123456789abcdef_..."},
    "ItemView": {"names": {"en": "Espresso", "ru": "Эспрессо"}},
    "HoldView": {
        "id": "hld_2ka9-3-ar",
        "status": "open",
        "points": 300,
        "lines": {"1": 300},
        "expires_at": "2026-03-02T09:15:00Z",
    },
    "SpendOutlook": {"reason": ""},
    "LineDiscount": {"points_minor": 300},
    "EarnedPoints": {"points": 94},
    "RuleOutcome": {"points": 94},
    "PurchaseReceipt": {"kind": "purchase", "claim_code": None},
    "RefundView": {"kind": "refund", "id": "ref_2ka9-1-xc"},
    "VoidAnswer": {"kind": "hold", "refund": None},
    "HistoryEntryView": {"id": "2ka9-12", "kind": "earned", "reason": None},
}

BODIES: Final[dict[str, dict[str, Any]]] = {**_REQUESTS, **_ANSWERS}
