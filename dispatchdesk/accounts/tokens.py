"""Bearer tokens of programs: made once, kept as a digest, found again by it."""

import hashlib
import secrets

from dispatchdesk.accounts.models import ApiToken, User
from routing.domain.roles import Role
from routing.rows import columns, pair_of, read

PREFIX = "desk_"


def token_digest(token: str) -> bytes:
    """Return the SHA-256 that stands for a token in the database."""
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).digest()


def make_token(*, user: User, role: Role, name: str) -> str:
    """Store a new token that acts for this user with this role, and return it; it cannot be read again."""
    token = PREFIX + secrets.token_urlsafe(32)
    ApiToken.objects.create(name=name, user=user, role=role.value, digest=token_digest(token))
    return token


def find_token(token: str) -> ApiToken | None:
    """Return the live token of an active user, or None.

    Looked up by its digest, so that how long it takes says nothing about how much of a guess was right.
    """
    for cells in read(_LIVE, {"digest": token_digest(token)}):
        found, user = pair_of(ApiToken, User, cells)
        found.user = user
        return found
    return None


_LIVE = f"""
    SELECT {columns(ApiToken, "t")}, {columns(User, "u")}
    FROM accounts_apitoken t JOIN accounts_user u ON u.id = t.user_id
    WHERE t.digest = %(digest)s AND t.revoked_at IS NULL AND u.is_active
"""  # noqa: S608 - Django's names
