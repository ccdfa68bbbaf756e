"""Who acts: the role a person or program holds, and the frozen actor handed to every action."""

from dataclasses import dataclass
from enum import StrEnum


class Role(StrEnum):
    """What someone may do; the table in ``states`` says which moves each role may make."""

    OPERATOR = "operator"
    REVIEWER = "reviewer"
    ADMIN = "admin"
    INTAKE = "intake"
    REQUESTER = "requester"
    SYSTEM = "system"


@dataclass(frozen=True, slots=True)
class Actor:
    """Somebody who acts, as known when the request began.

    ``user_id`` is None for the desk itself and for requesters. ``visible_types`` holds the ids of the work types
    this actor may see, or None when all are visible.
    """

    role: Role
    name: str
    user_id: int | None = None
    token_id: int | None = None
    visible_types: frozenset[int] | None = None

    @property
    def person_id(self) -> int:
        """The id of the signed-in person; 0, which nobody has, for the desk itself and for requesters."""
        return self.user_id or 0

    @property
    def is_staff_member(self) -> bool:
        """Whether this is a signed-in person of the desk (operator, reviewer or admin)."""
        return self.role in {Role.OPERATOR, Role.REVIEWER, Role.ADMIN}

    def may_see_type(self, type_id: int | None) -> bool:
        """Whether items of this work type (None: not yet typed) are visible to the actor."""
        return self.visible_types is None or type_id is None or type_id in self.visible_types


DESK = Actor(role=Role.SYSTEM, name="Dispatch Desk")
