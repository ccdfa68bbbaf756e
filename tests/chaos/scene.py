"""The desk that is put under load: kinds of work that use every way through it, and the people who decide."""

from dataclasses import dataclass
from typing import Any

from dispatchdesk.accounts.models import User
from dispatchdesk.accounts.tokens import make_token
from reviews.models import Membership
from routing.domain.roles import Role
from tests.bench.feed_desk import signed_in_session
from tests.desks import TestDesk

ALWAYS: dict[str, Any] = {"all": []}
ORDER = {"name": "order_number", "required": True, "pattern": r"\b(K-\d+)\b"}
HOLD_SECONDS = 1
STORY_HOLD_SECONDS = 600  # a story lets time pass by itself
LEASE_MINUTES = 1
QUEUES = ("triage", "support", "people")
RACES = "races"
CROWD = 50
TIMEOUT_SECONDS = 3
# Every way through the desk, with how often it is taken.
KINDS = {"plain": 3, "refund": 4, "two": 2, "auto": 3, "lookup": 3, "task": 2, "question": 1, "pause": 1, "": 1}


@dataclass(frozen=True, slots=True)
class Scene:
    """What clients need: tokens, those of people by name, and the session of somebody who looks at the board.

    Nobody but the ``crowd`` staffs the queue of races, so that a fault has a review to itself.
    """

    intake: str
    operator: str
    reviewers: dict[str, str]
    crowd: dict[str, str]
    session: str


def make_scene(address: str, reviewers: int, *, hold_seconds: int = HOLD_SECONDS) -> Scene:
    """Make types, rules, destinations at this address and people; Django's settings point to the desk's database."""
    made = TestDesk()
    for slug in (*QUEUES, RACES):
        made.queue(slug, hold_seconds=hold_seconds, lease_minutes=LEASE_MINUTES)
    schema = {"type": "object", "properties": {"text": {"type": "string"}}, "required": ["text"]}
    made.destination(
        "reply", "agent", system="You write replies.", prompt="{{ item.text }}", schema=schema,
        timeout_seconds=TIMEOUT_SECONDS,
    )  # fmt: skip
    write = {
        "via": "http", "method": "POST", "effect": "write", "timeout_seconds": TIMEOUT_SECONDS,
        "success": {"path": "ok", "equals": "true"},
    }  # fmt: skip
    order, note = "{{ input.order_number }}", "{{ steps.reply.output.text? }}"
    made.destination("refund", "tool", **write, url=f"{address}/refunds", body={"order": order, "note": note})
    made.destination("letter", "tool", **write, url=f"{address}/letters", body={"order": order, "text": note})
    made.destination(
        "notify", "tool", **write, rule_may_approve=True, url=f"{address}/notices", body={"order": order}
    )  # fmt: skip
    made.destination(
        "orders", "source", via="http", method="GET", url=f"{address}/orders/{order}", timeout_seconds=TIMEOUT_SECONDS
    )
    for slug in (*filter(None, KINDS), RACES):
        inputs = [] if slug in {"plain", "task", "pause", RACES} else [ORDER]
        made.work_type(slug, *inputs, question_due_minutes=60)
    finish = {"do": "finish"}
    draft = {"when": {"fact": "steps.reply", "op": "missing"}, "then": {"do": "go", "to": ["reply"]}}

    def after(step: str, then: dict[str, Any]) -> dict[str, Any]:
        return {"when": {"fact": f"steps.{step}", "op": "known"}, "then": then}

    def write_to(*slugs: str, by: str = "support") -> dict[str, Any]:
        return {"do": "go", "to": list(slugs), "approved_by": by}

    made.rules(None, {"when": {"fact": "router.type", "op": "is", "value": "plain"}, "set": {"type": "plain"}})
    made.rules("plain", {"when": ALWAYS, "then": finish})
    made.rules("pause", {"when": ALWAYS, "then": {"do": "wait", "minutes": 1}}, {"when": ALWAYS, "then": finish})
    for slug, queue in (("task", "people"), (RACES, RACES)):
        decided = {"fact": f"reviews.{queue}", "op": "known"}
        made.rules(slug, {"when": decided, "then": finish}, {"when": ALWAYS, "then": {"do": "go", "to": [queue]}})
    made.rules("refund", draft, after("refund", finish), after("reply", write_to("refund")))
    made.rules("two", draft, after("letter", finish), after("reply", write_to("refund", "letter")))
    made.rules("auto", after("notify", finish), {"when": ALWAYS, "then": write_to("notify", by="rule")})
    opened = {"fact": "source.orders.status", "op": "is", "value": "open"}
    made.rules("lookup", {"when": opened, "then": finish})
    made.rules("question", {"when": {"fact": "input.order_number", "op": "known"}, "then": finish})
    shop = User.objects.create_user("shop", role=Role.INTAKE.value)
    boss = User.objects.create_user("boss", role=Role.OPERATOR.value)
    User.objects.create_user("ada", role=Role.ADMIN.value)
    return Scene(
        intake=make_token(user=shop, role=Role.INTAKE, name="shop"),
        operator=make_token(user=boss, role=Role.OPERATOR, name="boss"),
        reviewers={f"person{number}": _reviewer(made, f"person{number}", QUEUES) for number in range(reviewers)},
        crowd={f"racer{number}": _reviewer(made, f"racer{number}", (RACES,)) for number in range(CROWD)},
        session=signed_in_session(),
    )


def _reviewer(made: TestDesk, name: str, queues: tuple[str, ...]) -> str:
    user = User.objects.create_user(name, email=f"{name}@example.org", role=Role.REVIEWER.value)
    for slug in queues:
        Membership.objects.create(queue=made.queues[slug], user=user)
    return make_token(user=user, role=Role.REVIEWER, name=name)
