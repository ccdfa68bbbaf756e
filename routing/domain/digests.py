"""Digests that bind an approval to exactly what was approved."""

import hashlib
import json

# Once: json.dumps would make an encoder for each text.
_encode = json.JSONEncoder(sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode


def canonical(data: object) -> str:
    """Return the one JSON text of this data: sorted keys, no spaces."""
    return _encode(data)


def digest(data: object) -> str:
    """Return the SHA-256 of the canonical JSON text, in hexadecimal."""
    return hashlib.sha256(canonical(data).encode("utf-8", "surrogatepass")).hexdigest()
