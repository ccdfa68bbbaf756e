"""Whatever is typed into a form or an address, the desk answers; it never breaks."""

from typing import Any

import pytest

from tests.doors.route_table import PAGES, filled
from tests.doors.test_routes import values_for
from tests.doors.world import World, claim, undone

pytestmark = pytest.mark.timeout(300)

HOSTILE = [
    "a\x00b",
    "x" * 60_000,  # longer than any text may be, and short enough for a form that has it in every field
    "9" * 5000,
    "²",
    "D-99999999999999999999",
    "{{ item.text }",
    '{"a": NaN, "b": "\\u0000", "c": "\\ud800"}',
    "a = \x01\nb = 2",
    "person:\u202e\uffff",
    "((((((((((a{1,100}){1,100}){1,100})))))))",
]
# Every name that a field of some form has; a form takes what it knows and ignores the rest.
NAMES = [
    "column_incoming",
    "seen",
    "tag",
    "due",
    "trigger",
    *("email", "again", "erase"),
    *("next", "username", "password", "role", "key", "title", "text", "type", "priority", "requester_name"),
    *(
        "requester_email",
        "website",
        "order_number",
        "none_order_number",
        "kept_scan",
        "answer",
        "to",
        "version",
        "reason",
        "items",
        "only",
    ),
    *("name", "seq", "q", "owner", "order", "cursor", "code", "moment", "from", "revision", "action", "queue", "note"),
    "session",
    *(
        "epoch",
        "digest",
        "verdict",
        "comment",
        "decline_reason",
        "redo_note",
        "reassign_to",
        "reassign_note",
        "ask_inputs",
        "ask_note",
    ),
    *(
        "where",
        "takeover",
        "takeover_note",
        "tick",
        "blames",
        "query",
        "opens",
        "shared",
        "view",
        "new_type",
        "reopen",
        "place",
        "high_risk",
        "check_percent",
        "public",
        "cause",
        "pass_on",
        "later",
        "draft:x",
        "was:draft:x",
        "field:text",
        "input:order_number",
        "result:x",
        "paused",
    ),
    *(
        "slug",
        "description",
        "method",
        "url",
        "headers",
        "body",
        "fields_given",
        "timeout_seconds",
        "credential_header",
    ),
    *("credential_secret", "effect", "success_path", "success_equals", "system", "prompt", "schema", "model"),
    *("max_tokens", "facts", "key_column", "table", "label", "kind", "hint", "required", "choices", "currency"),
    *("pattern", "source_fact", "applies", "service_level", "question_due", "move_limit", "visible_to", "members"),
    *(
        "leads",
        "groups",
        "staff_role",
        "hold_seconds",
        "lease_minutes",
        "checklist",
        "first_name",
        "last_name",
        "email",
    ),
    *(
        "queues",
        "active",
        "old_password",
        "new_password1",
        "new_password2",
        "shown",
        "does",
        "reason",
        "column",
        "part",
    ),
    *(
        "wait",
        "unit",
        "approved_by",
        "fact",
        "op",
        "value",
        "rule",
        "group",
        "add",
        "remove",
        "button",
        "limit",
        "show",
    ),
    *("since", "book", "agent", "after"),
    *("up_to", "notice", "what", "before", "due_soon", "overdue", "reassigned", "overruled"),
    *("digest_hour", "zone"),
]
FORMS = [route for route, row in PAGES.items() if row.post]
READ = [route for route, row in PAGES.items() if row.get]


def _address(world: World, route: str) -> str:
    return filled(route, values_for(world, PAGES[route], route))


@pytest.mark.parametrize("value", HOSTILE, ids=range(len(HOSTILE)))
def test_no_form_breaks(world: World, value: str) -> None:
    broken = []
    claim(world, "refund", "admin")
    client = world.client("admin")
    body: dict[str, Any] = dict.fromkeys(NAMES, value)
    for route in FORMS:
        path = _address(world, route)
        for headers in ({}, {"HX-Request": "true", "HX-Target": "workbench"}):
            with undone():
                got = client.post(path, {**body, **PAGES[route].body}, headers=headers)
                if got.status_code >= 500:
                    broken.append((route, got.status_code))
            client = world.client("admin") if route in {"sign-in/", "sign-out/"} else client
    assert broken == []


@pytest.mark.parametrize("value", HOSTILE, ids=range(len(HOSTILE)))
def test_no_query_breaks(world: World, value: str) -> None:
    client, broken = world.client("admin"), []
    for route in READ:
        path = _address(world, route)
        for headers in ({}, {"HX-Request": "true"}):
            got = client.get(path, dict.fromkeys(NAMES, value[:3000]), headers=headers)
            if got.status_code >= 500:
                broken.append((route, got.status_code))
    assert broken == []


# Forms that are filled in rightly but for one field, so that what is wrong gets past the others.
FILLED: dict[str, dict[str, str]] = {
    "items/new/": {"key": "k", "title": "A", "text": "B", "type": "support", "in_order_number": "K-1"},
    "r/new/support/": {"key": "k", "title": "A", "text": "B", "requester_email": "kim@example.org"},
    "settings/destinations/new/tool-http/": {
        "name": "A", "slug": "a", "method": "POST", "url": "https://example.org/{{ input.x }}", "headers": "X-A: b",
        "body": "{}", "fields_given": "a = b", "timeout_seconds": "5", "effect": "write", "success_path": "a",
        "success_equals": "b", "credential_header": "X-Key", "credential_secret": "s",
    },
    "settings/destinations/new/agent/": {
        "name": "A", "slug": "a", "system": "a", "prompt": "{{ item.text }}", "schema": "", "model": "m",
        "max_tokens": "5", "timeout_seconds": "5",
    },
    "settings/destinations/new/tool-mail/": {"name": "A", "slug": "a", "to": "a@b.org", "subject": "a", "text": "b"},
    "settings/destinations/refund/try/": {"code": "", "facts": "item.title = 5"},
}  # fmt: skip
IN_FIELDS = [
    *HOSTILE,
    "-1",
    "NaN",
    "[" * 5000,
    "1" + "0" * 4400,
    '{"type": "object", "properties": {"a": {"$ref": "#"}}}',
    '{"type": 5}',
    "item.title = 1e999999",
    "item.title = 9" + "9" * 400,
    "input." + "a" * 300 + " = 1",
]


def test_no_field_of_a_form_filled_in_otherwise_breaks_it(world: World) -> None:
    client, broken = world.client("admin"), []
    for path, right in FILLED.items():
        for name in right:
            for value in IN_FIELDS:
                with undone():
                    status = client.post(f"/{path}", {**right, name: value}).status_code
                    if status >= 500:
                        broken.append((path, name, value[:30], status))
    assert broken == []


def test_the_forms_above_are_taken_when_all_is_right(world: World) -> None:
    client = world.client("admin")
    for path, right in FILLED.items():
        with undone():
            got = client.post(f"/{path}", right)
            assert got.status_code in {200, 302}, (path, got.context["form"].errors if got.context else got)
