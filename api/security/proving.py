"""Comparing a PIN or a password without giving anybody more tries than five."""

from api.services import Services
from loyalty.access.lockout import Account, CredentialsRefusedError, clear_tries, count_try
from loyalty.access.passwords import matches


async def prove_secret(services: Services, account: Account, account_id: str, secret: str) -> None:
    """Return when ``secret`` is the account's. Raises ``CredentialsRefusedError`` or ``LockedOutError``.

    The try is committed first and no connection is held while the slow hash is computed.
    """
    async with services.database.write() as session:
        secret_hash = await count_try(session, account, account_id, now=services.clock())
        await session.commit()
    if not await matches(secret_hash, secret):
        raise CredentialsRefusedError
    async with services.database.write() as session:
        await clear_tries(session, account, account_id)
        await session.commit()
