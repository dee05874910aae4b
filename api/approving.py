"""Everything that a second person can approve, on one screen."""

from typing import Final

from api.admin.job_steps import APPLYING_A_JOB, REVERSING_A_JOB
from api.admin.member_adjustments import ADJUSTING
from api.admin.programme_publishing import PUBLISHING
from api.approved_act import ApprovedAct

APPROVED_ACTS: Final[dict[str, ApprovedAct]] = {
    act.kind: act for act in (PUBLISHING, APPLYING_A_JOB, REVERSING_A_JOB, ADJUSTING)
}
