"""What tests of the rule pages post, and the desk that they post it to."""

from html.parser import HTMLParser
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


class SentForm(HTMLParser):
    """What a browser sends for the rule form of a page when nobody touches it: name -> values."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.sent: dict[str, list[str]] = {}
        self._inside = False
        self._name, self._text = "", ""
        self._options: list[tuple[str, bool]] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if tag == "form":
            self._inside = given.get("id") == "rule-form"
        elif tag == "input" and (given.get("type") != "checkbox" or "checked" in given):
            self._send(given.get("name", ""), given.get("value", ""))
        elif tag in {"select", "textarea"}:
            self._name, self._text, self._options = given.get("name", ""), "", []
        elif tag == "option":
            self._options.append((given.get("value", ""), "selected" in given))
            self._text = "" if "value" in given else "text of the option"

    def handle_data(self, data: str) -> None:
        if self._text == "text of the option":
            self._options[-1] = (data, self._options[-1][1])
        elif self.lasttag == "textarea":
            self._text += data

    def handle_endtag(self, tag: str) -> None:
        if tag == "option":
            self._text = ""
        elif tag == "select":
            self._send(self._name, next((value for value, chosen in self._options if chosen), self._options[0][0]))
        elif tag == "textarea":
            self._send(self._name, self._text)

    def _send(self, name: str, value: str) -> None:
        if self._inside and name:
            self.sent.setdefault(name, []).append(value)
