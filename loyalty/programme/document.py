"""The programme document: everything that a version of the programme says."""

from msgspec import field

from loyalty.programme.action_rules import ActionRule
from loyalty.programme.actions import ActionIntake, ActionType
from loyalty.programme.goals import Goal
from loyalty.programme.goodwill import GoodwillSettings
from loyalty.programme.part import Part
from loyalty.programme.policies import ExpiryPolicy, PendingPolicy
from loyalty.programme.referrals import Referrals
from loyalty.programme.review import ReviewSettings
from loyalty.programme.rewards import Reward
from loyalty.programme.rules import BaseSettings, EarnRule, Rule
from loyalty.programme.segments import Segment
from loyalty.programme.settings import ReceiptTexts, RefundSettings, Stacking, TillSettings
from loyalty.programme.spending import SpendSettings
from loyalty.programme.tiers import Tier, TierSettings
from loyalty.programme.wallets import Wallet


class ProgrammeDocument(Part, frozen=True, kw_only=True):
    """One programme as one document: what is drafted, validated, diffed, published and rolled back."""

    name: str
    currency: str
    """ISO 4217 code of every amount in this document."""
    fallback_language: str
    """Used where a text does not exist in the language asked for."""
    wallets: tuple[Wallet, ...]
    primary_wallet: str
    spending: SpendSettings = SpendSettings()
    base: BaseSettings = BaseSettings()
    stacking: Stacking = Stacking()
    pending: PendingPolicy = PendingPolicy()
    expiry: ExpiryPolicy = ExpiryPolicy()
    expiry_by_tier: dict[str, ExpiryPolicy] = field(default_factory=dict)
    tiers: tuple[Tier, ...] = ()
    tier_settings: TierSettings = TierSettings()
    segments: tuple[Segment, ...] = ()
    earn_rules: tuple[EarnRule, ...] = ()
    rewards: tuple[Reward, ...] = ()
    actions: tuple[ActionType, ...] = ()
    action_rules: tuple[ActionRule, ...] = ()
    action_intake: ActionIntake = ActionIntake()
    referrals: Referrals | None = None
    """None: bringing friends pays nothing."""
    goals: tuple[Goal, ...] = ()
    till: TillSettings = TillSettings()
    refunds: RefundSettings = RefundSettings()
    goodwill: GoodwillSettings = GoodwillSettings()
    review: ReviewSettings = ReviewSettings()
    receipts: dict[str, ReceiptTexts] = field(default_factory=dict)
    """By language."""

    @property
    def rules(self) -> tuple[Rule, ...]:
        """The rules of all kinds. Their codes are unique together."""
        return (*self.earn_rules, *self.action_rules)
