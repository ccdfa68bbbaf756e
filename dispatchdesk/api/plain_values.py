"""Fact values as programs get them: plain JSON, moments in UTC."""

from datetime import UTC, date, datetime
from decimal import Decimal
from functools import lru_cache

from routing.domain.facts import Money, Value


def plain(value: Value) -> object:
    """Return a value as plain JSON: money as amount (a string) and currency, days and moments as ISO 8601."""
    match value:
        case Money():
            return {"amount": str(value.amount), "currency": value.currency}
        case Decimal():
            return int(value) if value == value.to_integral_value() else float(value)
        case datetime():
            return moment(value)
        case date():
            return value.isoformat()
        case tuple():
            return list(value)
    return value


@lru_cache(maxsize=256)  # the items of a batch arrived together
def moment(at: datetime) -> str:
    """Return a moment as RFC 3339 has it, in UTC."""
    return at.astimezone(UTC).isoformat().replace("+00:00", "Z")


def moment_or_none(at: datetime | None) -> str | None:
    """Return the moment, or None when there is none."""
    return moment(at) if at is not None else None
