"""Refusals of the ledger."""

from kernel.errors import ConflictError, UnprocessableError


class InsufficientPointsError(UnprocessableError):
    """Fewer points are available than are asked for. Nothing was changed."""

    code = "insufficient_points"
    title = "There are not enough available points."

    def __init__(self, *, wallet: str, available: int, required: int) -> None:
        super().__init__(None, wallet=wallet, available=available, required=required, missing=required - available)


class HoldNotOpenError(ConflictError):
    """The hold was resolved before; it resolves once."""

    code = "hold_not_open"
    title = "This hold has already been resolved."

    def __init__(self, *, status: str) -> None:
        super().__init__(None, hold_status=status)


class CaptureAboveHoldError(UnprocessableError):
    """More is asked for than was set aside."""

    code = "capture_above_hold"
    title = "More points are asked for than the hold set aside."

    def __init__(self, *, held: int, required: int) -> None:
        super().__init__(None, held=held, required=required)


class PointsOutOfRangeError(UnprocessableError):
    """The wallet, or what is owed in it, would be more than clients can count exactly. Nothing was changed."""

    code = "points_out_of_range"
    title = "A wallet keeps at most 9,007,199,254,740,991 points, and as many may be owed."

    def __init__(self, *, wallet: str, points: int) -> None:
        super().__init__(None, wallet=wallet, points=points)
