"""Who may do what: every role at every route of staff."""

from collections.abc import Iterator
from typing import Final

import httpx
import pytest
from litestar import Litestar
from litestar.routes import HTTPRoute
from litestar.types.internal_types import PathParameterDefinition

from api.security.access import issue_staff_access
from api.services import Services
from loyalty.models import Staff
from tests.shop import Shop, bearer

EVERYBODY: Final = "owner manager marketer support analyst finance"
BUSINESS: Final = "owner manager"
MAY: Final = {
    # Stores and what stands in them
    "listStores": EVERYBODY,
    "getStore": EVERYBODY,
    "createStore": BUSINESS,
    "changeStore": BUSINESS,
    "listTerminals": EVERYBODY,
    "getTerminal": EVERYBODY,
    "createTerminal": BUSINESS,
    "changeTerminal": BUSINESS,
    "revokeTerminal": BUSINESS,
    "listTerminalKeys": BUSINESS,
    "issueTerminalKey": BUSINESS,
    "revokeTerminalKey": BUSINESS,
    "listSystemKeys": "owner",
    "issueSystemKey": "owner",
    "revokeSystemKey": "owner",
    # People
    "listCashiers": BUSINESS,
    "getCashier": BUSINESS,
    "createCashier": BUSINESS,
    "resetCashierPin": BUSINESS,
    "dismissCashier": BUSINESS,
    "listStaff": "owner",
    "getStaff": "owner",
    "createStaff": "owner",
    "changeStaffRoles": "owner",
    "resetStaffPassword": "owner",
    "dismissStaff": "owner",
    # Catalogue and programme
    "listCatalogueItems": EVERYBODY,
    "getCatalogueItem": EVERYBODY,
    "putCatalogueItems": "owner manager marketer",
    "importCatalogueFile": "owner manager marketer",
    "getProgrammeSchema": EVERYBODY,
    "listProgrammeDrafts": EVERYBODY,
    "getProgrammeDraft": EVERYBODY,
    "getProgrammeDraftProblems": EVERYBODY,
    "exportProgrammeDraft": EVERYBODY,
    "createProgrammeDraft": "owner manager marketer",
    "changeProgrammeDraft": "owner manager marketer",
    "deleteProgrammeDraft": "owner manager marketer",
    "importProgrammeDraft": "owner manager marketer",
    "listProgrammeVersions": EVERYBODY,
    "getProgrammeVersion": EVERYBODY,
    "exportProgrammeVersion": EVERYBODY,
    "publishProgramme": BUSINESS,
    "compareProgrammes": EVERYBODY,
    "validateProgramme": EVERYBODY,
    "simulateSale": EVERYBODY,
    "listSegments": EVERYBODY,
    "getSegment": EVERYBODY,
    "countSegment": EVERYBODY,
    "listSegmentMembers": "owner manager support",
    "replaceSegmentMembers": "owner manager marketer",
    "changeSegmentMembers": "owner manager marketer",
    "importSegmentMembers": "owner manager marketer",
    "listApprovals": "owner manager marketer support",
    "getApproval": "owner manager marketer support",
    "decideApproval": BUSINESS,
    "previewDraftTiers": EVERYBODY,
    "createBacktest": "owner manager marketer",
    "getBacktestFile": EVERYBODY,
    "getBacktest": EVERYBODY,
    # Members
    "listMembers": "owner manager support",
    "getMember": "owner manager support",
    "listMemberInvoices": "owner manager support",
    "changeMember": "owner manager support",
    "searchMember": "owner manager support",
    "getMemberBalance": "owner manager support",
    "listMemberEntries": "owner manager support",
    "getMemberPurchase": "owner manager support",
    "attachMemberIdentity": "owner manager support",
    "removeMemberIdentity": "owner manager support",
    "changeMemberStanding": "owner manager support",
    "adjustMemberPoints": "owner manager support",
    "mergeMembers": "owner manager support",
    "eraseMember": BUSINESS,
    "exportMemberData": BUSINESS,
    "grantMemberTier": "owner manager support",
    "endMemberTierGrant": "owner manager support",
    "getMemberTier": "owner manager support",
    "getMemberGoals": "owner manager support",
    "putJobMembers": "owner manager marketer",
    "decideAction": "owner manager support",
    "decideActions": "owner manager support",
    "listWaitingActions": "owner manager support",
    "reverseAction": "owner manager support",
    "reportMemberAction": "owner manager support",
    "decideReferral": "owner manager support",
    "listReferrals": "owner manager support",
    "getReferral": "owner manager support",
    "decideCase": "owner manager support",
    "listCases": "owner manager support",
    "getCase": "owner manager support",
    # Rewards
    "listRewardStock": EVERYBODY,
    "grantReward": "owner manager",
    "listCouponPools": EVERYBODY,
    "addCoupons": "owner manager marketer",
    "importCoupons": "owner manager marketer",
    "exportCoupons": "owner manager marketer",
    "generateCoupons": "owner manager marketer",
    "withdrawCoupons": "owner manager marketer",
    "listRedemptions": "owner manager support",
    "getRedemption": "owner manager support",
    "fulfilRedemption": "owner manager support",
    "cancelRedemption": "owner manager support",
    "requestMemberPayout": "owner manager support",
    "listPayouts": "owner manager support finance",
    "getPayout": "owner manager support finance",
    "decidePayout": "owner manager finance",
    "settlePayout": "owner manager finance",
    "createPayoutBatch": "owner manager finance",
    "listPayoutBatches": "owner manager support finance",
    "getPayoutBatch": "owner manager support finance",
    "settlePayoutBatch": "owner manager finance",
    "getPayoutBatchFile": "owner manager finance",
    # The house
    "getLiabilityFile": "owner manager marketer analyst finance",
    "getLiability": "owner manager marketer analyst finance",
    "getSettlementFile": "owner manager marketer analyst finance",
    "getSettlement": "owner manager marketer analyst finance",
    "cancelTask": "owner manager marketer",
    "listTasks": EVERYBODY,
    "getTask": EVERYBODY,
    "listImports": "owner",
    "createImport": "owner",
    "getImport": "owner",
    "putImportFile": "owner",
    "deleteImportFile": "owner",
    "checkImport": "owner",
    "applyImport": "owner",
    "reverseImport": "owner",
    "getImportProblemsFile": "owner",
    "createRetroactiveJob": "owner manager marketer",
    "createBulkOperation": "owner manager marketer",
    "applyJob": BUSINESS,
    "listJobItems": "owner manager marketer",
    "getJobItemsFile": "owner manager marketer",
    "listJobs": "owner manager marketer",
    "getJobProblemsFile": "owner manager marketer",
    "getJob": "owner manager marketer",
    "reverseJob": BUSINESS,
    "closeAccountingPeriod": "owner manager finance",
    "listAccountingPeriods": "owner manager marketer analyst finance",
    "getAccountingPeriodFile": "owner manager marketer analyst finance",
    "getAccountingPeriod": "owner manager marketer analyst finance",
    "listAuditEntries": BUSINESS,
    "getDevelopmentOutbox": "owner",
}
"""Operation to the roles that may do it."""
SIGNING_IN: Final = "createStaffSession"


def routes_of_staff(app: Litestar) -> Iterator[tuple[str, str, str]]:
    """Operation, method and a path with ids that nobody has."""
    for route in app.routes:
        if isinstance(route, HTTPRoute) and route.path_format.startswith("/v1/admin"):
            for handler in route.route_handlers:
                for method in handler.http_methods - {"OPTIONS", "HEAD"}:
                    if handler.operation_id and handler.operation_id != SIGNING_IN:
                        yield str(handler.operation_id), str(method), filled(route)


def filled(route: HTTPRoute) -> str:
    """The route's path with ids that nobody has."""
    parts = (_nobodys(part) if isinstance(part, PathParameterDefinition) else part for part in route.path_components)
    return "/" + "/".join(parts)


def _nobodys(parameter: PathParameterDefinition) -> str:
    return "7" if parameter.type is int else parameter.name


@pytest.fixture
async def programme_is_absent(services: Services) -> None:
    services.programmes.replace([])


async def test_the_table_names_every_route_of_staff(app: Litestar) -> None:
    assert {operation for operation, _, _ in routes_of_staff(app)} == MAY.keys()


@pytest.mark.parametrize("role", EVERYBODY.split())
@pytest.mark.usefixtures("programme_is_absent")
async def test_a_role_reaches_what_the_table_says_and_nothing_else(
    app: Litestar, client: httpx.AsyncClient, services: Services, role: str
) -> None:
    staff = Staff(staff_id="somebody", email="a@example.com", name="A", password_hash="", roles=[role])
    headers = bearer(issue_staff_access(services.signing_keys, staff, now=services.clock()).token)
    for operation, method, path in routes_of_staff(app):
        answer = await client.request(method, path, headers=headers, json={})
        refused = answer.status_code == 403 and answer.json()["code"] == "permission_missing"
        assert refused is (role not in MAY[operation].split()), (operation, answer.text)
        assert answer.status_code in (200, 400, 403, 404, 409, 415, 422), (operation, answer.text)


async def test_every_answer_to_absent_ids_is_documented(app: Litestar, client: httpx.AsyncClient, shop: Shop) -> None:
    headers = await shop.staff("owner")
    paths = app.openapi_schema.to_schema()["paths"]
    documented = {
        operation["operationId"]: set(operation["responses"])
        for methods in paths.values()
        for operation in methods.values()
        if "operationId" in operation
    }
    for operation, method, path in routes_of_staff(app):
        answer = await client.request(method, path, headers=headers, json={})
        assert str(answer.status_code) in documented[operation], (operation, answer.text)


async def test_nobody_but_staff_opens_a_route_of_staff(app: Litestar, client: httpx.AsyncClient, shop: Shop) -> None:
    till = await shop.till()
    phone = bearer((await shop.phone_session("+79990000001"))["access_token"])
    for headers in ({}, till.headers, phone, bearer(till.key)):
        for operation, method, path in routes_of_staff(app):
            answer = await client.request(method, path, headers=headers, json={})
            assert answer.status_code == 401, (operation, answer.text)
