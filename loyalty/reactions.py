"""What the loyalty package itself does when something has happened."""

from typing import Final

from kernel.events import Handler, Reactions
from loyalty.events import (
    ActionRecorded,
    GoodsReturned,
    MemberErased,
    MembersMerged,
    PointsActivated,
    PointsAdjusted,
    PurchaseRecorded,
    PurchaseRefunded,
)
from loyalty.goals.reacting import follow_goals
from loyalty.members.facts import keep_facts
from loyalty.referrals.reacting import follow_purchases
from loyalty.review.opening import open_cases
from loyalty.rewards.auto_issuing import issue_full_cards

MEMBER_FACTS: Final = Handler(name="loyalty.member_facts", react=keep_facts)
REFERRALS: Final = Handler(name="loyalty.referrals", react=follow_purchases, batch_size=100)
GOALS: Final = Handler(name="loyalty.goals", react=follow_goals, batch_size=100)
REVIEW_CASES: Final = Handler(name="loyalty.review_cases", react=open_cases)
FULL_CARDS: Final = Handler(name="loyalty.full_cards", react=issue_full_cards, batch_size=100)

REACTIONS: Final[Reactions] = {
    PurchaseRecorded: (MEMBER_FACTS, REFERRALS, GOALS, REVIEW_CASES, FULL_CARDS),
    PurchaseRefunded: (MEMBER_FACTS, REFERRALS, GOALS, REVIEW_CASES),
    GoodsReturned: (MEMBER_FACTS, GOALS, REVIEW_CASES),
    MembersMerged: (MEMBER_FACTS, GOALS, FULL_CARDS),
    MemberErased: (MEMBER_FACTS,),
    ActionRecorded: (FULL_CARDS,),
    PointsAdjusted: (FULL_CARDS,),
    PointsActivated: (FULL_CARDS,),
}
