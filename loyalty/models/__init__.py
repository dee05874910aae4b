"""Every table of the loyalty package. Rows are never request or response bodies."""

from loyalty.models.access import ConfirmationRequest, MemberSession, OneTimeCode, QrUse, TokenRevocation
from loyalty.models.accounting import AccountingClose, AccountingFigure, AccountingPeriod
from loyalty.models.action import Action, ActionEvent, ActionProof
from loyalty.models.approval import Approval
from loyalty.models.caps import BudgetSlice, CapCounter
from loyalty.models.coupon import Coupon
from loyalty.models.goal import GoalAward, GoalDue
from loyalty.models.goodwill import GoodwillDay
from loyalty.models.imports import (
    ImportDelivery,
    ImportedLot,
    ImportedMember,
    ImportedReceipt,
    ImportFault,
    ImportFile,
    ImportRun,
)
from loyalty.models.invoice import Invoice, InvoiceKey, InvoicePayment
from loyalty.models.job import Job, JobItem, JobPayment, JobProblem, JobStep
from loyalty.models.ledger import Balance, Hold, JournalEntry, LedgerSeal, Lot, LotMovement
from loyalty.models.member import Consent, Identity, Member, MemberFact, Person, PersonIdentity
from loyalty.models.payout import Payout, PayoutBatch, PayoutPayee
from loyalty.models.programme import ProgrammeDraft, ProgrammeVersion
from loyalty.models.purchase import Purchase, PurchaseLine, Refund
from loyalty.models.referral import Referral, ReferralCode
from loyalty.models.registry import GuestReceipt, IdempotencyKey, ReceiptKey, WaitingRefund
from loyalty.models.review import ReviewCase
from loyalty.models.reward import PresentCode, Redemption, RedemptionCode, RewardStock
from loyalty.models.segment import SegmentMember
from loyalty.models.staff import AuditDetail, AuditEntry, ShiftReport, Staff
from loyalty.models.store import AccessKey, Cashier, CatalogueItem, Store, Terminal
from loyalty.models.task import Task
from loyalty.models.tier import TierBonus, TierChange, TierDay, TierStanding
from loyalty.models.trace import MemberTrace

__all__ = [
    "AccessKey",
    "AccountingClose",
    "AccountingFigure",
    "AccountingPeriod",
    "Action",
    "ActionEvent",
    "ActionProof",
    "Approval",
    "AuditDetail",
    "AuditEntry",
    "Balance",
    "BudgetSlice",
    "CapCounter",
    "Cashier",
    "CatalogueItem",
    "ConfirmationRequest",
    "Consent",
    "Coupon",
    "GoalAward",
    "GoalDue",
    "GoodwillDay",
    "GuestReceipt",
    "Hold",
    "IdempotencyKey",
    "Identity",
    "ImportDelivery",
    "ImportFault",
    "ImportFile",
    "ImportRun",
    "ImportedLot",
    "ImportedMember",
    "ImportedReceipt",
    "Invoice",
    "InvoiceKey",
    "InvoicePayment",
    "Job",
    "JobItem",
    "JobPayment",
    "JobProblem",
    "JobStep",
    "JournalEntry",
    "LedgerSeal",
    "Lot",
    "LotMovement",
    "Member",
    "MemberFact",
    "MemberSession",
    "MemberTrace",
    "OneTimeCode",
    "Payout",
    "PayoutBatch",
    "PayoutPayee",
    "Person",
    "PersonIdentity",
    "PresentCode",
    "ProgrammeDraft",
    "ProgrammeVersion",
    "Purchase",
    "PurchaseLine",
    "QrUse",
    "ReceiptKey",
    "Redemption",
    "RedemptionCode",
    "Referral",
    "ReferralCode",
    "Refund",
    "ReviewCase",
    "RewardStock",
    "SegmentMember",
    "ShiftReport",
    "Staff",
    "Store",
    "Task",
    "Terminal",
    "TierBonus",
    "TierChange",
    "TierDay",
    "TierStanding",
    "TokenRevocation",
    "WaitingRefund",
]
