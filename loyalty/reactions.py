"""What the loyalty package itself does when something has happened."""

from typing import Final

from kernel.events import Handler, Reactions
from loyalty.events import GoodsReturned, MemberErased, MembersMerged, PurchaseRecorded, PurchaseRefunded
from loyalty.members.facts import keep_facts

MEMBER_FACTS: Final = Handler(name="loyalty.member_facts", react=keep_facts)

REACTIONS: Final[Reactions] = {
    PurchaseRecorded: (MEMBER_FACTS,),
    PurchaseRefunded: (MEMBER_FACTS,),
    GoodsReturned: (MEMBER_FACTS,),
    MembersMerged: (MEMBER_FACTS,),
    MemberErased: (MEMBER_FACTS,),
}
