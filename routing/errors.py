"""What routing refuses, in the user's words."""


class RoutingError(Exception):
    """Base of routing's refusals; the message names the item, its state and the refused action."""


class NotAllowed(RoutingError):
    """The actor may see the item and may not do this."""


class Conflict(RoutingError):
    """The item is no longer as the actor saw it."""


class Invalid(RoutingError):
    """The input cannot be used; ``fields`` maps a field's name to what is wrong with it."""

    def __init__(self, message: str, fields: dict[str, str] | None = None) -> None:
        super().__init__(message)
        self.fields = fields or {}


class NotVisible(RoutingError):
    """There is no such thing for this actor."""
