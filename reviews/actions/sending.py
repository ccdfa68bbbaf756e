"""Requests that leave the house on a person's word: approved, sent again, or found to have gone through or not."""

from collections.abc import Mapping
from datetime import timedelta

from reviews.models import Review, Verdict
from routing import transitions
from routing.actions import calls, outcomes
from routing.actions.passes import Pass
from routing.actions.proposals import approval
from routing.domain.digests import digest
from routing.domain.facts import Fact, Status, known
from routing.domain.states import Action, State
from routing.domain.templates import TemplateError
from routing.errors import Invalid
from routing.kinds import Opening
from routing.models import Decision, Step
from routing.transitions import Change, ReviewPoint


def approve_calls(
    work: Pass, review: Review, verdict: Verdict, *, corrected: Mapping[str, object] | None, provider: str
) -> None:
    """Send the proposed requests after the undo time, with these texts in place of drafts (None: as they are).

    Raises Invalid for a text that was not offered, when nothing was corrected, and when a request cannot be made now.
    """
    if corrected is not None:
        _learn_drafts(work, review, corrected, provider)
    slugs, params = slugs_and_params(review)
    _send(work, review, verdict, rendered_calls(work, slugs, params), params, review.decision)


def corrected_calls(work: Pass, review: Review, drafts: Mapping[str, object], provider: str) -> dict[str, object]:
    """Return the proposed requests with these texts in place of drafts; raises Invalid as ``approve_calls`` does."""
    _learn_drafts(work, review, drafts, provider)
    slugs, params = slugs_and_params(review)
    rendered = rendered_calls(work, slugs, params)
    return approval(work, rendered, params, review.queue.slug, review.reason, review.decision).proposal | {
        "drafts": {**(review.proposal.get("drafts") or {}), **{name: str(text) for name, text in drafts.items()}}
    }


def _learn_drafts(work: Pass, review: Review, drafts: Mapping[str, object], provider: str) -> None:
    if not set(drafts) <= set(review.proposal.get("drafts") or {}):
        raise Invalid("Only the drafts shown can be corrected.", {"drafts": "unknown draft"})
    if not drafts:
        raise Invalid("Nothing was changed. Approve it instead, or change the draft.", {"drafts": "unchanged"})
    for name, text in drafts.items():
        work.learn_value(name, str(text), provider)


def _send(
    work: Pass,
    review: Review,
    verdict: Verdict,
    requests: list[calls.Call],
    params: tuple[tuple[str, str], ...],
    decision: Decision | None,
) -> None:
    """Let these requests leave after the undo time; the verdict is bound to exactly them."""
    gone = [str(call["name"]) for call in requests if str(call["destination"]) not in work.desk.places]
    if gone:
        raise Invalid(f"{gone[0]} is no longer there, so this cannot be sent.")
    hold = review.queue.hold_seconds
    verdict.approved_digest = digest([call["digest"] for call in requests])
    verdict.hold_until = work.now + timedelta(seconds=hold)
    steps = outcomes.write_steps(work, requests, params, decision, approval_id=verdict.pk, hold_seconds=hold)
    outcomes.run_steps(work, steps, acting=True)
    if work.change is not None:
        until = "; sent after the undo time" if hold else ""
        work.change.review = ReviewPoint(f"{review.queue} decided{until}")


def slugs_and_params(review: Review) -> tuple[list[str], tuple[tuple[str, str], ...]]:
    """Return the destinations of a review's proposed requests in order, and the rule's texts for them."""
    slugs = [str(call["destination"]) for call in review.proposal["calls"]]
    return slugs, tuple((str(name), str(text)) for name, text in review.proposal.get("params") or [])


def rendered_calls(work: Pass, slugs: list[str], params: tuple[tuple[str, str], ...]) -> list[calls.Call]:
    """Return the requests as the facts are now; raises Invalid when one cannot be made any more."""
    try:
        facts = calls.with_params(work.known.facts, params)
        return [calls.render_call(work.desk.places[slug], facts) for slug in slugs]
    except (TemplateError, KeyError) as error:
        raise Invalid(f"The request can no longer be made: {error}.") from error


def changed_proposal(work: Pass, review: Review) -> dict[str, object] | None:
    """Return the proposed requests as they would be now, when they are no longer what the review shows; else None.

    Raises Invalid when one can no longer be made.
    """
    if review.proposal.get("kind") != "calls":
        return None
    slugs, params = slugs_and_params(review)
    rendered = rendered_calls(work, slugs, params)
    if [call["digest"] for call in rendered] == [call["digest"] for call in review.proposal["calls"]]:
        return None
    return approval(work, rendered, params, review.queue.slug, review.reason, review.decision).proposal


def try_again(work: Pass, review: Review, verdict: Verdict) -> None:
    """Repeat a step that did not work; a write leaves after the undo time, with what was approved to follow it."""
    step = Step.objects.select_related("destination", "decision").get(pk=review.proposal["step"])
    if not step.writes:
        place = work.desk.places.get(step.name)
        if place is None:
            raise Invalid(f"{step.destination} is no longer there.")
        outcomes.send_to(work, place, _params_of(step), review.decision)
        return
    requests = [_request_of(one) for one in (step, *cancelled_after(step))]
    _send(work, review, verdict, requests, _params_of(step), step.decision)


def went_through(work: Pass, review: Review, verdict: Verdict, provider: str) -> None:
    """A write without an answer did happen: what was approved to follow it is sent, or the rules go on.

    On an item that has moved on meanwhile it is only noted.
    """
    step = _settled(review, Step.SUCCEEDED, "a person found that it went through")
    work.learn_of_run(step.run, f"steps.{step.name}", known("succeeded"), provider)
    rest = cancelled_after(step)
    if review.is_late:
        work.change = _stays(work, review)
    elif rest:
        _send(work, review, verdict, [_request_of(one) for one in rest], _params_of(step), step.decision)
    else:
        work.change = Change(work.item, Action.DECIDE_REVIEW, State.INCOMING, decide_at=work.now)


def did_not_go_through(work: Pass, review: Review, provider: str) -> None:
    """A write without an answer did not happen: the people who approved it may send it again.

    On an item that has moved on meanwhile it is only noted.
    """
    step = _settled(review, Step.FAILED, "a person found that it did not go through")
    fact = Fact(Status.UNAVAILABLE, cause="not_applied")
    work.learn_of_run(step.run, f"steps.{step.name}", fact, provider)
    if review.is_late:
        work.change = _stays(work, review)
        return
    work.openings.append(
        Opening(
            item=work.item,
            queue=review.queue.slug,
            kind="escalation",
            cause="failed",
            question=f"{step.destination} did not go through. Should it be sent again?"[:300],
            proposal={"kind": "retry", "step": step.pk, "destination": step.name},
            decision=review.decision,
            approval_id=step.approval_id,
        )
    )
    work.change = Change(work.item, Action.DECIDE_REVIEW, State.IN_REVIEW)


_NO_ANSWER = "no answer came back"


def _settled(review: Review, status: str, words: str) -> Step:
    step = Step.objects.select_related("destination", "decision").get(pk=review.proposal["step"])
    step.status, step.error = status, f"{_NO_ANSWER}; {words}"
    step.save(update_fields=["status", "error"])
    return step


def forget_outcome(verdict: Verdict) -> None:
    """Make it unknown again what became of an effect, when the verdict that said so is undone."""
    if verdict.proposal.get("kind") == "outcome":
        Step.objects.filter(pk=verdict.proposal["step"]).update(status=Step.UNKNOWN, error=_NO_ANSWER)


def _stays(work: Pass, review: Review) -> Change:
    change = transitions.staying(work.item, Action.DECIDE_OUTCOME, {})
    if work.item.review_id == review.pk:
        change.review = outcomes.look_ahead(work)
    return change


def cancelled_after(step: Step) -> list[Step]:
    """Return the requests of the same approval that were not sent since this one did not succeed, in order."""
    if step.group is None:
        return []
    later = Step.objects.filter(group=step.group, ordinal__gt=step.ordinal, status=Step.CANCELLED)
    return list(later.order_by("ordinal"))


def _params_of(step: Step) -> tuple[tuple[str, str], ...]:
    return tuple(dict((step.request or {}).get("with") or {}).items())


def _request_of(step: Step) -> calls.Call:
    return {name: part for name, part in (step.request or {}).items() if name != "with"}
