"""What an HTTP status that is no success means for trying again."""

from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

from routing.outgoing.errors import Cause, OutgoingError, Sent
from routing.outgoing.jsontext import plain_text
from routing.outgoing.messages import Response

RECEIVED_CHARACTERS = 4000

_NOTHING_APPLIED = frozenset({429, 503})
_WORTH_TRYING_AGAIN = frozenset({408, 425, 429, 500, 502, 503, 504})


def retry_after_seconds(response: Response) -> float | None:
    """Return how long the answer asks to wait: its Retry-After in seconds or as an HTTP date, None without one."""
    value = response.headers.get("retry-after", "").strip()
    if value.isascii() and value.isdigit():
        return float(value[:9])
    try:
        moment = parsedate_to_datetime(value)
    except ValueError:
        return None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return max(0.0, (moment - datetime.now(UTC)).total_seconds())


def status_error(response: Response, who: str) -> OutgoingError | None:
    """Return the error that this answer of ``who`` amounts to, or None when its status is a success."""
    status = response.status
    if 200 <= status < 300:
        return None
    if status in _NOTHING_APPLIED:
        sent = Sent.REJECTED
    elif status >= 500:
        sent = Sent.MAYBE
    else:
        sent = Sent.ANSWERED
    return OutgoingError(
        f"{who} answered {status}",
        permanent=status not in _WORTH_TRYING_AGAIN,
        cause=Cause.UNREACHABLE,
        sent=sent,
        status=status,
        retry_after_seconds=retry_after_seconds(response),
        received=plain_text(response.text, RECEIVED_CHARACTERS),
    )
