"""What tests of the rule pages post, and the desk that they post it to."""

from typing import Any

from django.test import Client

from routing.domain.roles import Role
from routing.models import RulebookVersion, WorkType
from tests.desks import TestDesk

AMOUNT = {"name": "amount", "label": "Refund amount", "kind": "money", "currency": "EUR"}
OVER = {"fact": "input.amount", "op": "over", "value": {"amount": "200", "currency": "EUR"}}
TO_FINANCE = {"when": {"all": [OVER]}, "then": {"do": "escalate", "queue": "finance", "reason": "It is a lot"}}
FINISH = {"when": {"all": []}, "then": {"do": "finish"}}


def support_desk(desk: TestDesk) -> WorkType:
    """Return a type whose large refunds Finance decides, and whose rest is done at once."""
    row = desk.work_type("support", AMOUNT, {"name": "topic", "kind": "choice", "choices": ["refund", "delivery"]})
    desk.person("fay", Role.REVIEWER, queues=("triage", "finance"))
    desk.rules("support", TO_FINANCE, FINISH)
    return row


def draft_of(row: WorkType) -> RulebookVersion:
    return RulebookVersion.objects.get(rulebook__work_type=row, status="draft")


def rules_of(row: WorkType) -> list[dict[str, Any]]:
    rules: list[dict[str, Any]] = draft_of(row).content["rules"]
    return rules


def start(admin: Client, slug: str = "support") -> None:
    assert admin.post(f"/rulebooks/{slug}/draft/start/").status_code == 302


def rule_post(row: WorkType, **given: Any) -> dict[str, Any]:
    """Return what the rule form posts for a rule with these fields."""
    revision = draft_of(row).stamp
    return {"revision": revision, "g-groups": "1", "g0-match": "all", "do": "finish", "button": "save"} | given


def condition(fact: str, op: str, value: str = "", upper: str = "", *, group: int = 0) -> dict[str, list[str]]:
    prefix = f"g{group}"
    parts = {"fact": fact, "other": "", "op": op, "value": value, "upper": upper}
    return {f"{prefix}-{name}": [part] for name, part in parts.items()}
