"""Why an outgoing call brought nothing usable, and whether it can have changed anything over there."""

from enum import StrEnum


class Cause(StrEnum):
    """Why a suggestion or an answer could not be had; one of a closed list, never blurred into "fallback"."""

    UNREACHABLE = "unreachable"
    """No answer: blocked, no connection, time ran out, or an HTTP status that is an error."""
    UNPARSED = "unparsed"
    """An answer that cannot be read: not JSON, truncated, extra or missing keys, empty."""
    OFF_LIST = "off_list"
    """A readable answer that names something which was not offered."""
    UNCONFIDENT = "unconfident"
    """A readable answer that is less sure than the threshold asks."""
    REFUSED = "refused"
    """The model declined, or its provider filtered the answer."""
    OVER_BUDGET = "over_budget"
    """A limit of ours ended the answer: its tokens or its bytes."""


class Sent(StrEnum):
    """Whether the request can have been applied by the other side."""

    NOT_SENT = "not_sent"
    """Nothing left: blocked, no address, refused, no connection."""
    REJECTED = "rejected"
    """Turned away with nothing applied: 429 or 503."""
    MAYBE = "maybe"
    """It left and no verdict came back: time ran out, reset, 5xx."""
    ANSWERED = "answered"
    """A verdict came back."""


class OutgoingError(Exception):
    """A call that brought nothing usable.

    ``permanent``: the same call again would fail the same way. ``status`` is the HTTP status when there was one.
    ``retry_after_seconds`` is how long the other side asked to be left alone. ``received`` is the start of what it
    answered, for people; it is content, so it never belongs in a log.
    """

    def __init__(
        self,
        message: str,
        *,
        permanent: bool,
        cause: Cause,
        sent: Sent,
        status: int | None = None,
        retry_after_seconds: float | None = None,
        received: str = "",
    ) -> None:
        super().__init__(message)
        self.permanent = permanent
        self.cause = cause
        self.sent = sent
        self.status = status
        self.retry_after_seconds = retry_after_seconds
        self.received = received

    @property
    def can_repeat_write(self) -> bool:
        """Whether a write may be sent again by itself: nothing can have been applied, and it may yet succeed."""
        return not self.permanent and self.sent in {Sent.NOT_SENT, Sent.REJECTED}
