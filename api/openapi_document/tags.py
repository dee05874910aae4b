"""The parts of the API, in the order in which a reader meets them."""

from typing import Any, Final

TAGS: Final[dict[str, str]] = {
    "Sign-in of members": "One-time codes, and sessions of members' phones.",
    "Member": "The signed-in member's own data.",
    "Member: points": "Balance, history and purchases of the signed-in member.",
    "Member: rewards": "What the points of the signed-in member buy, and what was issued.",
    "Member: actions": "What the member does besides buying.",
    "Member: referrals": "Friends whom the signed-in member brought, and who brought them.",
    "Till: sign-in": "A terminal signs in with its key, a cashier with a PIN.",
    "Till: members": "Finding, registering and proving who the customer is.",
    "Till: sales": "Quotes, holds, purchases and voids.",
    "Till: rewards": "Rewards that customers show.",
    "Till: receipts": "What became of a receipt, and the sales of a shift.",
    "Till: refunds": "Goods come back, with or without their receipt.",
    "Systems: invoices": "Billing registers what members have to pay, and what has come in.",
    "Staff: sign-in": "E-mail and password for a token.",
    "Staff: stores": "Stores and their terminals.",
    "Staff: catalogue": "What the business sells.",
    "Staff: people": "Cashiers, and staff with their roles.",
    "Staff: programme": "Drafting, trying out and publishing the rules.",
    "Staff: segments": "Groups of members by list or by condition.",
    "Staff: approvals": "What one person asked for and another allows.",
    "Staff: jobs": "Paying for the past, and doing something to many members at once.",
    "Staff: imports": "Moving members and points in from another system.",
    "Staff: long work": "What the worker does for staff, with its progress and its result.",
    "Staff: members": "Searching, correcting, merging and erasing members.",
    "Staff: points": "Adjusting a balance, with a reason.",
    "Staff: rewards": "What was issued and waits to be handed over, and how much is left.",
    "Staff: review": "What looks odd, and what a person decided about it.",
    "Staff: finance": "What is owed in points, who owes whom for them, and closed months.",
    "Staff: payouts": "Points that become money: approved, handed to the bank, paid.",
    "Staff: actions": "What members claim and somebody has to look at.",
    "Staff: audit": "Who changed what, and when.",
    "Staff: keys": "Keys of terminals and of other systems.",
    "Systems": "What a shop, billing or a CRM tells.",
    "Discovery": "What others need to verify our tokens.",
    "Development": "For trying the service out; absent in production.",
}


def tag_objects(used: set[str]) -> list[dict[str, Any]]:
    """The used tags with what each is about."""
    return [{"name": name, "description": about} for name, about in TAGS.items() if name in used]
