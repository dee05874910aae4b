"""Spending settings."""

from loyalty.programme.checks.lines import check_lines
from loyalty.programme.checks.names import check_known
from loyalty.programme.document import ProgrammeDocument
from loyalty.programme.problems import Problems, ProgrammeProblem
from loyalty.programme.spending import PROOFS


def check_spending(document: ProgrammeDocument) -> Problems:
    """What a point is worth and how much of a basket it may pay."""
    spending = document.spending
    if spending.wallet:
        wallets = (wallet.code for wallet in document.wallets)
        yield from check_known(spending.wallet, wallets, "$.spending.wallet", "unknown_wallet")
    if spending.value is not None:
        for name in ("points", "minor"):
            if getattr(spending.value, name) < 1:
                yield ProgrammeProblem(f"$.spending.value.{name}", "out_of_range", "is below 1")
    if spending.step_points < 1:
        yield ProgrammeProblem("$.spending.step_points", "out_of_range", "is below 1")
    if not 1 <= spending.maximum_share_bp <= 10_000:
        yield ProgrammeProblem("$.spending.maximum_share_bp", "out_of_range", "is not from 1 to 10000")
    if spending.needs_proof and not spending.proofs:
        yield ProgrammeProblem("$.spending.proofs", "missing", "names no proof although one is needed")
    for place, proof in enumerate(spending.proofs):
        yield from check_known(proof, PROOFS, f"$.spending.proofs[{place}]", "unknown_proof")
    yield from check_lines(spending.excluded, "$.spending.excluded")
