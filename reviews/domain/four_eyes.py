"""Who may give the second of two approvals: nobody who had a hand in what is approved, whatever their role."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Hands:
    """Who had a hand in an item, as ids of people; None where nobody on the staff did."""

    created_by: int | None
    edited_by: frozenset[int]
    corrected_by: frozenset[int]
    approved_by: frozenset[int]

    @property
    def barred(self) -> frozenset[int]:
        """Everybody who may not give the second approval."""
        created = frozenset() if self.created_by is None else frozenset({self.created_by})
        return created | self.edited_by | self.corrected_by | self.approved_by


def why_barred(hands: Hands, person_id: int) -> str:
    """Return why this person may not give the second approval, in the words they read; empty when they may."""
    if person_id in hands.approved_by:
        return "You approved it first. Somebody else must approve it too."
    if person_id in hands.corrected_by:
        return "You fixed it. Somebody else must approve it too."
    if person_id == hands.created_by:
        return "You sent this request in. Somebody else must approve it too."
    if person_id in hands.edited_by:
        return "You changed this request. Somebody else must approve it too."
    return ""
