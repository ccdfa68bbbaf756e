"""Secrets at rest: encrypted with keys made from SECRET_KEY, one for each purpose."""

import base64
import hashlib

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from django.conf import settings


def _box(purpose: str) -> MultiFernet:
    """Return what encrypts with SECRET_KEY, and reads what earlier keys encrypted too."""
    secrets = [settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS]
    keys = [hashlib.sha256(f"{purpose}:{secret}".encode()).digest() for secret in secrets]
    return MultiFernet([Fernet(base64.urlsafe_b64encode(key)) for key in keys])


def encrypt(secret: str, purpose: str) -> bytes:
    """Return the secret encrypted."""
    return _box(purpose).encrypt(secret.encode())


def decrypt(encrypted: bytes | memoryview, purpose: str) -> str | None:
    """Return what was encrypted for this purpose; None when no present key reads it."""
    try:
        return _box(purpose).decrypt(bytes(encrypted)).decode()
    except InvalidToken:
        return None
