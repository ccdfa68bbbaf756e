"""What cannot even be read never becomes a draft; what only does not fit the desk breaks no page of the rulebook."""

import pytest
from django.test import Client

from routing.actions.drafting import start_draft
from routing.actions.publishing import save_draft
from routing.domain.roles import DESK
from routing.errors import Invalid
from routing.models import WorkType
from tests.desks import TestDesk, decide

pytestmark = pytest.mark.django_db

LOOK = {"when": {"all": []}, "then": {"do": "escalate", "queue": "triage", "reason": "Look"}}
PAGES = (
    "draft/",
    "draft/publish/",
    "draft/rules/a/",
    "versions/2/",
    "versions/2/try/",
    "versions/2/try/?facts=item.text: a",
    "versions/2/map/",
    "versions/2/open/",
    "versions/2/export.yaml",
    "examples/",
    "examples/new/",
    "backtests/",
    "facts/",
)


@pytest.fixture
def support(desk: TestDesk) -> WorkType:
    row = desk.work_type("support", {"name": "amount", "kind": "money", "currency": "EUR"})
    desk.rules("support", LOOK)
    desk.send("Refund 20 EUR", type="support")
    decide()
    return row


@pytest.mark.parametrize(
    ("rule", "detail"),
    [
        ({"when": {"fact": "item.text", "op": "matches", "value": "("}}, "This pattern cannot be read: missing ): (."),
        ({"then": {"do": "go", "to": ["triage"], "with": {"text": "{{ x"}}}, "{{"),
    ],
)
def test_patterns_and_templates_that_cannot_be_read_are_refused(
    support: WorkType, rule: dict[str, object], detail: str
) -> None:
    draft = start_draft(actor=DESK, work_type_id=support.pk)
    content = {"rules": [{"id": "a", "then": {"do": "finish"}, **rule}], "fallback_queue": "triage"}
    with pytest.raises(Invalid) as refused:
        save_draft(actor=DESK, rulebook_id=draft.rulebook_id, content=content)
    assert any(detail in told for told in refused.value.fields.values())


def test_rules_that_do_not_fit_the_desk_break_no_page(support: WorkType, admin: Client) -> None:
    rules = [
        {"id": "a", "when": {"fact": "input.gone", "op": "over", "value": 3}, "then": {"do": "go", "to": ["nowhere"]}},
        {"id": "b", "when": {"fact": "source.gone.x", "op": "is", "value": "y"}, "set": {"type": "gone"}},
        {"id": "c", "then": {"do": "escalate", "queue": "gone", "reason": "x", "about": "gone"}},
    ]
    draft = start_draft(actor=DESK, work_type_id=support.pk)
    content = {"rules": rules, "fallback_queue": "gone"}
    stamp = save_draft(actor=DESK, rulebook_id=draft.rulebook_id, content=content).stamp
    for path in PAGES:
        assert admin.get(f"/rulebooks/support/{path}").status_code == 200, path
    assert admin.post("/rulebooks/support/draft/publish/", {"note": "x", "revision": stamp}).status_code == 422
    assert admin.post("/rulebooks/support/backtests/start/", {"by": "most", "most": "10"}).status_code == 302
