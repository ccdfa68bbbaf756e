"""Whoever edits what others may edit too is told when somebody else has changed it since it was shown to them."""

import json
from collections.abc import Mapping
from dataclasses import asdict
from typing import TYPE_CHECKING

from routing.domain.digests import digest
from routing.errors import Conflict

if TYPE_CHECKING:
    from _typeshed import DataclassInstance


def fingerprint_of(stored: "DataclassInstance | Mapping[str, object]") -> str:
    """Return a short mark of what is stored, the same as long as that is; a form carries it."""
    values = stored if isinstance(stored, Mapping) else asdict(stored)
    return digest(json.dumps(values, sort_keys=True, default=sorted))[:16]


def check_unchanged(seen: str, stored: "DataclassInstance | Mapping[str, object]", name: str) -> None:
    """Raise Conflict when ``seen``, the mark of what was shown, is not that of what is stored now.

    Nothing is checked without a mark. To be called in the transaction that stores, with the row locked.
    """
    if seen and seen != fingerprint_of(stored):
        raise Conflict(f"Somebody else has changed {name} since you opened it. What you typed is kept.")
