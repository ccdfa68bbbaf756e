"""Who may give the second of two approvals: nobody who had a hand in what is approved, whatever their role."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Hands:
    """Who had a hand in an item, as ids of people; None where nobody on the staff did."""

    created_by: int | None
    edited_by: int | None
    corrected_by: frozenset[int]
    approved_by: frozenset[int]

    @property
    def barred(self) -> frozenset[int]:
        """Everybody who may not give the second approval."""
        single = {person for person in (self.created_by, self.edited_by) if person is not None}
        return frozenset(single | self.corrected_by | self.approved_by)


def why_barred(hands: Hands, person_id: int) -> str:
    """Return why this person may not give the second approval, in the words they read; empty when they may."""
    if person_id in hands.approved_by:
        return "You approved it first. Somebody else must approve it too."
    if person_id in hands.corrected_by:
        return "You fixed it. Somebody else must approve it too."
    if person_id == hands.created_by:
        return "You sent this request in. Somebody else must approve it too."
    if person_id == hands.edited_by:
        return "You changed this request last. Somebody else must approve it too."
    return ""
