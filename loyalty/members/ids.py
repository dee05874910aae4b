"""The public id of a member."""

from kernel.errors import NotFoundError
from kernel.ids import InvalidPublicIdError, decode_public_id, encode_public_id

PREFIX = "mem"


class MemberNotFoundError(NotFoundError):
    """No member answers to that, or none that this caller may see."""

    code = "member_not_found"
    title = "There is no such member."


def member_public_id(member_id: int) -> str:
    return encode_public_id(PREFIX, member_id)


def member_id_of(public_id: str) -> int:
    """The member's number. Raises ``MemberNotFoundError`` for anything that is no member's id."""
    try:
        (member_id,) = decode_public_id(PREFIX, public_id, count=1)
    except InvalidPublicIdError:
        raise MemberNotFoundError from None
    return member_id
