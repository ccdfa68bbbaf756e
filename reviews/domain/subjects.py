"""Whose work a review judges."""

from collections.abc import Mapping


def subjects(proposal: Mapping[str, object]) -> list[str]:
    """Return the slugs of the agents and tools whose work a proposal is, sorted.

    Of requests these are the tools and the agents that wrote texts in them.
    """
    match proposal:
        case {"kind": "output", "agent": agent}:
            return [str(agent)]
        case {"kind": "check", "destination": destination} if destination:
            return [str(destination)]
        case {"kind": "calls", "calls": list(calls)}:
            drafts = proposal.get("drafts")
            writers = {_writer(str(name)) for name in drafts} if isinstance(drafts, Mapping) else set()
            return sorted({str(call["destination"]) for call in calls} | (writers - {""}))
    return []


def _writer(fact: str) -> str:
    space, _, rest = fact.partition(".")
    return rest.partition(".")[0] if space == "steps" else ""
