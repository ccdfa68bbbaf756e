"""Whose corrections a verdict overrules."""

from reviews.models import Verdict

_ROUTE = "route"


def overruled_by(verdict: Verdict) -> set[int]:
    """Return the ids of the people whose corrections this stored verdict overrules.

    A correction is overruled when somebody else turns down exactly what it made: a text that the person wrote (or the
    place they chose) stands in what this verdict was asked about, and the verdict declines that, sends it back to the
    AI agent, or puts something else in its place. It does not matter whether that is the second of two approvals of
    the same review, or a later review of the same item in which the text came back.

    No correction is overruled: by its own author; by changes to other texts; when an agent or anybody else has written
    the text anew since; or once it was undone.
    """
    if verdict.kind not in {"reject", "redo", "correct"}:
        return set()
    turned_down = _proposed(verdict)
    if verdict.kind == "correct":
        turned_down = {name: turned_down[name] for name in _changed(verdict) if name in turned_down}
    if not turned_down:
        return set()
    earlier = Verdict.objects.filter(
        review__item_id=verdict.review.item_id, kind="correct", undone_at__isnull=True, pk__lt=verdict.pk
    ).exclude(by_id=verdict.by_id)
    return {
        one.by_id for one in earlier if any(turned_down.get(name) == written for name, written in _changed(one).items())
    }


def _proposed(verdict: Verdict) -> dict[str, object]:
    """Return what the verdict was asked about: texts by the names of their facts, and where to go."""
    proposal = verdict.proposal
    match proposal.get("kind"):
        case "output":
            return _of_agent(proposal, proposal.get("fields"))
        case "calls":
            return dict(proposal.get("drafts") or {})
        case "route":
            return {_ROUTE: _place(proposal)}
    return {}


def _changed(verdict: Verdict) -> dict[str, object]:
    """Return what a correction made other than it was proposed, by the same names."""
    proposed, correction = _proposed(verdict), verdict.correction or {}
    given = _of_agent(verdict.proposal, correction.get("fields")) | dict(correction.get("drafts") or {})
    if correction.get("type") or correction.get("destination"):
        given[_ROUTE] = _place(correction)
    return {name: value for name, value in given.items() if proposed.get(name) != value}


def _of_agent(proposal: dict[str, object], fields: object) -> dict[str, object]:
    if not isinstance(fields, dict):
        return {}
    return {f"steps.{proposal.get('agent')}.output.{name}": str(text) for name, text in fields.items()}


def _place(chosen: dict[str, object]) -> tuple[str, str]:
    return str(chosen.get("type") or ""), str(chosen.get("destination") or "")
