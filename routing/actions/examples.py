"""Admins keep examples with a rulebook: facts, and the answer that they must get."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from django.db import IntegrityError

from routing import transitions
from routing.actions.configuring import check_admin
from routing.crash_points import one_transaction
from routing.domain.answers import answer_from_json
from routing.domain.factfile import read_facts
from routing.domain.faults import RuleError
from routing.domain.roles import Actor
from routing.errors import Invalid
from routing.models import Example

LONGEST_NAME = 120
MOST = 500  # of one rulebook: each is decided whenever its draft is looked at


def save_example(
    *,
    actor: Actor,
    rulebook_id: int,
    name: str,
    facts: Mapping[str, object],
    expected: Mapping[str, object],
    done: Sequence[str] = (),
    at: datetime | None = None,
    item_id: int | None = None,
    example_id: int | None = None,
) -> Example:
    """Keep an example, or change the one of this id.

    ``facts`` has the form of ``factfile``, ``expected`` that of ``answers``; ``at`` (None: now, or as before) is the
    moment that counts as now. ``item_id`` is the request it was made from. Raises Invalid with what is wrong by field.
    """
    check_admin(actor)
    name = name.strip()
    wrong = _wrong(name, facts, expected)
    if wrong:
        raise Invalid("This example cannot be kept.", wrong)
    row = Example.objects.filter(pk=example_id, rulebook_id=rulebook_id).first() if example_id else None
    if row is None:
        if Example.objects.filter(rulebook_id=rulebook_id).count() >= MOST:
            raise Invalid(f"A rulebook has at most {MOST} examples. Delete one first.", {"name": "too many"})
        now = transitions.database_now()
        row = Example(
            rulebook_id=rulebook_id, at=at or now, created_at=now, created_by_id=actor.user_id, item_id=item_id
        )
    row.name, row.facts, row.expected, row.done = name, dict(facts), dict(expected), list(done)
    row.at = at or row.at
    try:
        with one_transaction("examples.save_example"):
            row.save()
    except IntegrityError as error:
        raise Invalid("This example cannot be kept.", {"name": f"There is an example “{name}” already."}) from error
    return row


def keep_example(*, actor: Actor, rulebook_id: int, name: str, example: Example, item_id: int | None) -> Example:
    """Keep an example that was made from a trial, under this name or, where that is taken, with a number after it."""
    check_admin(actor)
    taken = set(Example.objects.filter(rulebook_id=rulebook_id).values_list("name", flat=True))
    short = name[: LONGEST_NAME - 5].rstrip(" .")
    names = (short if number == 1 else f"{short} {number}" for number in range(1, MOST + 2))
    return save_example(
        actor=actor,
        rulebook_id=rulebook_id,
        name=next(one for one in names if one not in taken),
        facts=example.facts,
        expected=example.expected,
        done=example.done,
        at=example.at,
        item_id=item_id,
    )


def _wrong(name: str, facts: Mapping[str, object], expected: Mapping[str, object]) -> dict[str, str]:
    wrong: dict[str, str] = {}
    if not name or len(name) > LONGEST_NAME:
        wrong["name"] = f"Give it a name of at most {LONGEST_NAME} characters."
    try:
        read_facts(facts)
    except RuleError as error:
        wrong["facts"] = " ".join(problem.detail for problem in error.problems)
    try:
        answer_from_json(expected)
    except ValueError as error:
        wrong["expected"] = str(error)
    return wrong


def delete_example(*, actor: Actor, rulebook_id: int, example_id: int) -> None:
    """Delete an example of this rulebook; nothing happens when it is gone already."""
    check_admin(actor)
    Example.objects.filter(pk=example_id, rulebook_id=rulebook_id).delete()
