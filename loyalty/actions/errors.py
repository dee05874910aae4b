"""Why an action is refused."""

from kernel.errors import ConflictError, ForbiddenError, NotFoundError, UnprocessableError


class ActionTypeUnknownError(UnprocessableError):
    """The programme of that instant declares no such ``type``."""

    code = "action_type_unknown"
    title = "The programme knows no such action."


class ReporterRefusedError(ForbiddenError):
    """The programme does not let this kind of caller report the ``type``."""

    code = "action_not_reportable"
    title = "This action cannot be reported from here."


class ActionFieldsError(UnprocessableError):
    """The facts are not those that the type declares: ``fields`` names each with what is wrong."""

    code = "action_fields"
    title = "The facts of this action do not fit."


class ActionFromTheFutureError(UnprocessableError):
    """``occurred_at`` is after ``now`` by more than the tolerance."""

    code = "action_from_the_future"
    title = "This action has not happened yet."


class ActionTooLateError(UnprocessableError):
    """It was longer ago than the ``late_days`` of the programme."""

    code = "action_too_late"
    title = "This action is too long ago to be reported."


class ActionDiffersError(UnprocessableError):
    """The same act was recorded with other content. ``differences`` are JSON pointers into the event."""

    code = "action_differs"
    title = "This action was recorded with other content."


class ActionLimitError(ConflictError):
    """The member has done it as often as counts: ``limit`` times in the ``period``."""

    code = "action_limit_reached"
    title = "This action does not count more often."


class ActionCoolingDownError(ConflictError):
    """Another one was too short a time before or after. It counts again from ``available_at``."""

    code = "action_cooling_down"
    title = "This action was done a short time ago."


class ItemNotPurchasedError(UnprocessableError):
    """The member has not bought the ``sku``, or has brought all of it back."""

    code = "item_not_purchased"
    title = "Only what was bought can be reviewed."


class ActionNotFoundError(NotFoundError):
    code = "action_not_found"
    title = "There is no such action."


class ActionNotWaitingError(ConflictError):
    """It has been decided: see ``status``."""

    code = "action_not_waiting"
    title = "This action is not waiting for a decision."


class ReasonMissingError(UnprocessableError):
    """A member is told why."""

    code = "reason_missing"
    title = "To reject an action takes a reason."


class ActionClaimedTwiceError(ConflictError):
    """Of two claims of the same act, under members who were merged, one counts already or waits too."""

    code = "action_claimed_twice"
    title = "The same act has been claimed before."


class ActionNotReversibleError(ConflictError):
    """Only what was accepted can be taken back, and once."""

    code = "action_not_reversible"
    title = "This action cannot be taken back."
