"""What reviews refuse, in the user's words; views answer these like routing's own."""

from routing.errors import Conflict


class LostClaim(Conflict):
    """Somebody else decided or holds the review, or the claim ran out."""


class ChangedProposal(Conflict):
    """The proposal is no longer the one that was seen."""
