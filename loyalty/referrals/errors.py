"""Why somebody cannot be referred, or a referral cannot be decided."""

from kernel.errors import ConflictError, NotFoundError


class ReferralsOffError(ConflictError):
    """The programme in force pays nothing for bringing friends."""

    code = "referrals_off"
    title = "The programme has no referrals."


class ReferralCodeUnknownError(NotFoundError):
    """Nobody has the code, or whoever had it is no longer served."""

    code = "referral_code_unknown"
    title = "No member has this code."


class OwnReferralCodeError(ConflictError):
    """The code is the member's own, or that of somebody who was merged with them."""

    code = "own_referral_code"
    title = "This is your own code."


class AlreadyReferredError(ConflictError):
    """A member says once who referred them; the first answer counts."""

    code = "already_referred"
    title = "It is known already who referred this member."


class ReferredTooLateError(ConflictError):
    """Only a new member who has bought nothing yet can be referred: within ``days`` days of joining."""

    code = "referred_too_late"
    title = "Only new members can be referred."


class ReferralLoopError(ConflictError):
    """Whoever owns the code was referred by this member, directly or through others."""

    code = "referral_loop"
    title = "Whoever owns this code was referred by you."


class ReferralNotFoundError(NotFoundError):
    code = "referral_not_found"
    title = "Nobody referred this member."


class ReferralNotHeldError(ConflictError):
    """Only what is held can be decided. ``state`` says what it is."""

    code = "referral_not_held"
    title = "This referral is not waiting for a decision."


class ReferralNotEarnedError(ConflictError):
    """The purchase does not count any more: its goods came back, or both sides have become one member."""

    code = "referral_not_earned"
    title = "The friend's purchase does not count any more."
