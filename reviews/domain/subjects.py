"""Whose work a review judges."""

from collections.abc import Mapping


def subjects(proposal: Mapping[str, object]) -> list[str]:
    """Return the slugs of the agents and tools whose work a proposal is, sorted.

    Of requests these are the tools and the agents that wrote texts in them.
    """
    match proposal:
        case {"kind": "check", "destination": destination} if destination:
            return [str(destination)]
        case {"kind": "calls", "calls": list(calls)}:
            return sorted({str(call["destination"]) for call in calls} | set(writers(proposal)))
    return writers(proposal)


def writers(proposal: Mapping[str, object]) -> list[str]:
    """Return the slugs of the agents that wrote the texts which a proposal shows, sorted."""
    match proposal:
        case {"kind": "output", "agent": agent}:
            return [str(agent)]
        case {"kind": "calls", "drafts": dict(drafts)}:
            names = [str(name).split(".") for name in drafts]
            return sorted({parts[1] for parts in names if parts[0] == "steps" and len(parts) > 1})
    return []
