"""Draws work that finished without a person, so that somebody looks at it afterwards."""

import secrets
from collections.abc import Mapping

from django.conf import settings

from routing.actions.passes import Pass
from routing.actions.proposals import fallback_queue
from routing.domain.facts import Status
from routing.kinds import Opening
from routing.models import DestinationKind, Step, WorkItem

_random = secrets.SystemRandom()


def draw(work: Pass) -> None:
    """Leave in the pass a check of one agent or tool that worked on an item which finishes, if one is drawn.

    Each is drawn by itself with the share that its settings name; of several that are drawn, chance chooses one. What
    people have decided in this run is not checked again.
    """
    facts = work.known.facts
    if any(name.startswith("reviews.") and fact.status is Status.KNOWN for name, fact in facts.items()):
        return
    drawn = [step for step in last_steps(work.past.steps) if _is_drawn(work, step)]
    if drawn:
        work.checks.append(spot_check(work, _random.choice(drawn)))


def spot_check(work: Pass, step: Step) -> Opening:
    """Return the review that asks whether what this step did was right."""
    question = f"{work.desk.place_name(step.name)} did this and nobody looked. Was it right?"
    return check_of(work.item, fallback_queue(work), "spot_check", question, step, place=step.name)


def last_steps(steps: list[Step]) -> list[Step]:
    """Return the last step that worked of each agent, and of each tool that changed something."""
    done = [s for s in steps if s.status == Step.SUCCEEDED and (s.writes or s.kind == DestinationKind.AGENT)]
    return list({step.name: step for step in done}.values())


def check_of(
    item: WorkItem, queue: str, cause: str, question: str, step: Step | None, *, place: str, reason: str = ""
) -> Opening:
    """Return the review that asks whether a finished item was handled right.

    ``step`` is what is shown of it, ``place`` the agent or tool whose work is judged, empty when that is not known.
    """
    proposal: dict[str, object] = {"kind": "check", "destination": place, "step": step and step.pk}
    return Opening(item, queue, "check", cause, question, reason, proposal)


def _is_drawn(work: Pass, step: Step) -> bool:
    place = work.desk.places.get(step.name)
    return place is not None and _random.random() * 100 < _check_percent(place.config)


def _check_percent(config: Mapping[str, object]) -> int:
    """Return the share of what an agent or tool finishes alone that people look at afterwards, in per cent."""
    given = config.get("check_percent")
    return int(str(given)) if given is not None else int(settings.SPOT_CHECK_PERCENT)
