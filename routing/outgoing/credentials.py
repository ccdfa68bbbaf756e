"""Secrets for outgoing calls: encrypted at rest, sent only to the origin they were entered for."""

from urllib.parse import urlsplit

from routing.models import Credential
from routing.outgoing.encryption import decrypt
from routing.outgoing.errors import Cause, OutgoingError, Sent

# What credentials are encrypted for.
PURPOSE = "credentials"


def origin_of(url: str) -> str:
    """Return scheme, host and port of an address, in lower case."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}".lower()


def header_for(credential_id: object, url: str) -> dict[str, str]:
    """Return the header that carries the credential to this address; empty without a credential.

    Raises OutgoingError when it was entered for another origin or can no longer be read.
    """
    if credential_id is None:
        return {}
    row = Credential.objects.filter(pk=int(str(credential_id))).first()
    problem = "the credential is gone; choose another on the destination's page"
    if row is not None:
        if row.origin == origin_of(url):
            secret = decrypt(row.secret, PURPOSE)
            if secret is not None:
                return {row.header: secret}
            problem = "the credential cannot be read with this SECRET_KEY; enter it again"
        else:
            problem = f"the credential is for {row.origin} and is not sent elsewhere"
    raise OutgoingError(problem, permanent=True, cause=Cause.REFUSED, sent=Sent.NOT_SENT)
