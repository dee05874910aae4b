"""Every route of the API on one screen. The path's root decides the audience (``api/security/middleware.py``)."""

from typing import Final

from litestar.types import ControllerRouterHandler

from api.admin.accounting_periods import AdminAccountingPeriods
from api.admin.actions import AdminActions
from api.admin.approvals import AdminApprovals
from api.admin.audit_log import list_audit_entries
from api.admin.backtests import AdminBacktests
from api.admin.cashiers import AdminCashiers
from api.admin.catalogue import AdminCatalogue
from api.admin.coupon_pools import AdminCouponPools
from api.admin.development import development_outbox
from api.admin.import_steps import apply_import, check_import, reverse_import
from api.admin.imports import AdminImports
from api.admin.job_requests import create_bulk_operation, create_retroactive_job
from api.admin.job_steps import apply_job, reverse_job
from api.admin.jobs import AdminJobs
from api.admin.liability_reports import AdminLiability
from api.admin.member_actions import report_member_action
from api.admin.member_adjustments import adjust_member_points
from api.admin.member_goals import member_goals
from api.admin.member_identities import AdminMemberIdentities
from api.admin.member_invoices import list_member_invoices
from api.admin.member_lifecycle import erase_member_for_good, export_member_data, merge_into_member
from api.admin.member_points import AdminMemberPoints
from api.admin.member_standing import change_member_standing
from api.admin.member_tier import AdminMemberTier
from api.admin.members import AdminMembers
from api.admin.payout_batches import AdminPayoutBatches
from api.admin.payouts import AdminPayouts, request_member_payout
from api.admin.people import AdminStaff
from api.admin.programme_differences import compare_programmes
from api.admin.programme_drafts import AdminDrafts
from api.admin.programme_publishing import publish_version
from api.admin.programme_simulations import simulate_sale
from api.admin.programme_validations import validate_programme
from api.admin.programme_versions import AdminVersions
from api.admin.redemptions import AdminRedemptions
from api.admin.referrals import AdminReferrals
from api.admin.review_cases import AdminCases
from api.admin.reward_grants import grant_member_reward
from api.admin.rewards import list_reward_stock
from api.admin.segments import AdminSegments
from api.admin.sessions import AdminSessions
from api.admin.settlement_reports import AdminSettlement
from api.admin.stores import AdminStores
from api.admin.system_keys import AdminSystemKeys
from api.admin.tasks import AdminTasks
from api.admin.terminal_keys import AdminTerminalKeys
from api.admin.terminals import AdminTerminals
from api.admin.tier_previews import preview_draft_tiers
from api.auth.codes import AuthCodes
from api.auth.sessions import AuthSessions
from api.events.batches import record_events
from api.events.events import record_event
from api.invoices.invoices import Invoices
from api.invoices.reversals import cancel_billed_invoice, reverse_invoice_payment
from api.me.action_types import my_action_types
from api.me.actions import MyActions
from api.me.balance import my_balance
from api.me.confirmations import MyConfirmations
from api.me.erasure import erase_me
from api.me.export import export_my_data
from api.me.goals import my_goals
from api.me.history import my_history
from api.me.home import my_home
from api.me.identities import MyIdentities
from api.me.invoices import my_invoices
from api.me.payouts import MyPayouts
from api.me.presents import MyPresents, claim_my_present
from api.me.profile import MyProfile
from api.me.purchases import my_purchase
from api.me.qr_secret import qr_secret
from api.me.redemptions import MyRedemptions
from api.me.referrals import MyReferrals
from api.me.rewards import my_rewards
from api.me.tier import my_tier
from api.pos.batches import record_batch
from api.pos.claims import claim_at_till, claim_in_app
from api.pos.exchanges import exchange
from api.pos.holds import HoldsController
from api.pos.lookups import look_up_member
from api.pos.proof_requests import PosProofRequests
from api.pos.proofs import create_proof
from api.pos.purchases import PurchasesController
from api.pos.quotes import quote_basket
from api.pos.receipt_searches import read_receipt, search_receipt
from api.pos.redemptions import PosRedemptions
from api.pos.refunds import quote_refund, record_refund
from api.pos.registrations import register
from api.pos.returns import take_back
from api.pos.sessions import PosSessions
from api.pos.shift_reports import shift_report
from api.pos.voids import void_at_till
from api.pos.waiting_refunds import waiting_refunds
from api.wellknown import jwks

ROUTES: Final[tuple[ControllerRouterHandler, ...]] = (
    # Anybody
    jwks,
    AuthCodes,
    AuthSessions,
    # A member's phone
    MyProfile,
    MyIdentities,
    MyConfirmations,
    qr_secret,
    my_home,
    my_balance,
    my_tier,
    my_goals,
    my_history,
    my_purchase,
    my_invoices,
    MyActions,
    my_action_types,
    my_rewards,
    MyRedemptions,
    MyPresents,
    claim_my_present,
    MyPayouts,
    MyReferrals,
    claim_in_app,
    export_my_data,
    erase_me,
    # A till
    PosSessions,
    look_up_member,
    register,
    PosProofRequests,
    create_proof,
    quote_basket,
    HoldsController,
    PurchasesController,
    record_batch,
    PosRedemptions,
    void_at_till,
    quote_refund,
    record_refund,
    exchange,
    take_back,
    waiting_refunds,
    claim_at_till,
    read_receipt,
    search_receipt,
    shift_report,
    # Other systems
    Invoices,
    reverse_invoice_payment,
    cancel_billed_invoice,
    record_event,
    record_events,
    # Staff
    AdminSessions,
    AdminStores,
    AdminTerminals,
    AdminTerminalKeys,
    AdminSystemKeys,
    AdminCashiers,
    AdminStaff,
    AdminCatalogue,
    AdminDrafts,
    preview_draft_tiers,
    AdminVersions,
    publish_version,
    compare_programmes,
    validate_programme,
    simulate_sale,
    AdminApprovals,
    AdminSegments,
    AdminMembers,
    AdminMemberPoints,
    list_member_invoices,
    AdminMemberTier,
    member_goals,
    AdminMemberIdentities,
    change_member_standing,
    adjust_member_points,
    merge_into_member,
    erase_member_for_good,
    export_member_data,
    list_reward_stock,
    AdminRedemptions,
    request_member_payout,
    AdminPayouts,
    AdminPayoutBatches,
    grant_member_reward,
    AdminCouponPools,
    AdminCases,
    AdminLiability,
    AdminSettlement,
    AdminBacktests,
    AdminTasks,
    create_retroactive_job,
    create_bulk_operation,
    AdminJobs,
    AdminImports,
    check_import,
    apply_import,
    reverse_import,
    apply_job,
    reverse_job,
    AdminAccountingPeriods,
    AdminActions,
    report_member_action,
    AdminReferrals,
    list_audit_entries,
    development_outbox,
)
