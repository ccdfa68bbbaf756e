"""Whoever edits what others may edit too is told when somebody else has changed it since it was shown to them."""

import json
from collections.abc import Mapping
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from routing.domain.digests import digest
from routing.errors import Conflict

if TYPE_CHECKING:
    from _typeshed import DataclassInstance


class ChangedMeanwhile(Conflict):
    """Somebody else has changed what is edited; ``stored`` is what it is now, in the shape that was compared."""

    def __init__(self, message: str, stored: Any) -> None:
        super().__init__(message)
        self.stored = stored


def fingerprint_of(stored: "DataclassInstance | Mapping[str, object]") -> str:
    """Return a short text that is the same as long as what is stored is; a form carries it."""
    values = stored if isinstance(stored, Mapping) else asdict(stored)
    return digest(json.dumps(values, sort_keys=True, default=sorted))[:16]


def check_unchanged(
    seen: str,
    stored: "DataclassInstance | Mapping[str, object]",
    given: "DataclassInstance | Mapping[str, object]",
    name: str,
) -> None:
    """Raise ChangedMeanwhile when ``seen``, the fingerprint of what was shown, is not that of what is stored now.

    Nothing is lost, and nothing raised, without a fingerprint and when what is given is what is stored. To be called
    in the transaction that stores, with the row locked.
    """
    now = fingerprint_of(stored)
    if seen and seen != now and fingerprint_of(given) != now:
        message = f"Somebody else has changed {name} since you opened it. What you typed is kept."
        raise ChangedMeanwhile(message, stored)
