"""Secrets at rest: encrypted with keys made from SECRET_KEY, one for each purpose."""

import base64
import hashlib

from cryptography.fernet import Fernet, InvalidToken
from django.conf import settings


def _box(purpose: str) -> Fernet:
    key = hashlib.sha256(f"{purpose}:{settings.SECRET_KEY}".encode()).digest()
    return Fernet(base64.urlsafe_b64encode(key))


def seal(secret: str, purpose: str) -> bytes:
    """Return the secret encrypted."""
    return _box(purpose).encrypt(secret.encode())


def unseal(sealed: bytes | memoryview, purpose: str) -> str | None:
    """Return what was sealed for this purpose; None when it cannot be read with the present SECRET_KEY."""
    try:
        return _box(purpose).decrypt(bytes(sealed)).decode()
    except InvalidToken:
        return None
