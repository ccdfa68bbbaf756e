"""Signs checkpoints of the ledger with a key of the desk's own, and checks such signatures."""

from functools import lru_cache

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from django.conf import settings


@lru_cache(maxsize=4)
def _key(secret: str) -> Ed25519PrivateKey:
    derived = HKDF(algorithm=SHA256(), length=32, salt=None, info=b"dispatchdesk ledger checkpoints")
    return Ed25519PrivateKey.from_private_bytes(derived.derive(secret.encode()))


def sign(text: bytes) -> str:
    """Return the Ed25519 signature of a text as 128 hexadecimal digits."""
    return _key(settings.SECRET_KEY).sign(text).hex()


def public_key() -> str:
    """Return the public key that goes with the signatures, as 64 hexadecimal digits."""
    return _key(settings.SECRET_KEY).public_key().public_bytes_raw().hex()


def secrets() -> list[str]:
    """Return every SECRET_KEY this desk has had, oldest first."""
    return [*reversed(settings.SECRET_KEY_FALLBACKS), settings.SECRET_KEY]


def signer(text: bytes, signature: str) -> int | None:
    """Return by which of ``secrets`` this desk signed the text; None when it did not."""
    keys = [_key(secret).public_key() for secret in secrets()]
    return next((number for number, key in enumerate(keys) if _verifies(key, text, signature)), None)


def _verifies(key: Ed25519PublicKey, text: bytes, signature: str) -> bool:
    try:
        key.verify(bytes.fromhex(signature), text)
    except (InvalidSignature, ValueError):
        return False
    return True
