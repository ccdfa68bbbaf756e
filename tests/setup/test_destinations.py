"""Destinations in the browser's terms: forms, versions, secrets, tables, pauses, and trying them."""

from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from dispatchdesk.practice import company
from routing.actions import configuring
from routing.domain.roles import DESK, Role
from routing.models import Credential, Destination, DestinationVersion, Step, TableRow
from tests.desks import TestDesk, decide
from tests.outgoing.scripted_server import completion, json_reply, scripted_server
from tests.setup.conftest import SignIn

pytestmark = pytest.mark.django_db

TOOL = {
    "name": "Refund",
    "slug": "refund",
    "effect": "write",
    "method": "POST",
    "url": "https://shop.example.com/refunds",
    "body": '{"order": "{{ input.order_number }}", "amount": "{{ input.amount }}"}',
    "timeout_seconds": "30",
}
ADDRESS = "/settings/destinations/"


def newest(slug: str) -> dict[str, Any]:
    version = DestinationVersion.objects.filter(destination__slug=slug).first()
    assert version is not None
    config: dict[str, Any] = version.config
    return config


def add(admin: Client, kind: str, **given: Any) -> None:
    answer = admin.post(f"{ADDRESS}new/{kind}/", given)
    assert answer.status_code == 302, answer.context["form"].errors


def test_only_admins_make_and_try_destinations(desk: TestDesk, sign_in: SignIn) -> None:
    desk.destination("refund", "tool", via="http", url="https://shop.example.com", effect="write")
    for role in (Role.OPERATOR, Role.REVIEWER):
        client = sign_in(role)
        assert client.get(f"{ADDRESS}refund/").status_code == 200
        assert client.post(f"{ADDRESS}new/tool-http/", TOOL).status_code == 403
        assert client.post(f"{ADDRESS}refund/edit/", TOOL).status_code == 403
        assert client.post(f"{ADDRESS}refund/try/", {}).status_code == 403
    assert sign_in(Role.REVIEWER).post(f"{ADDRESS}refund/status/", {"paused": "yes"}).status_code == 403


def test_a_tool_is_stored_in_the_shape_that_calls_read(admin: Client) -> None:
    more = {
        "success_path": "status",
        "success_equals": "ok",
        "fields_given": "id = refund.id",
        "headers": "X-Desk: yes",
    }
    add(admin, "tool-http", **TOOL, **more)
    assert newest("refund") == {
        "via": "http",
        "effect": "write",
        "rule_may_approve": False,
        "rule_may_approve_model_text": False,
        "high_risk": False,
        "check_percent": None,
        "method": "POST",
        "url": "https://shop.example.com/refunds",
        "headers": {"X-Desk": "yes"},
        "body": {"order": "{{ input.order_number }}", "amount": "{{ input.amount }}"},
        "fields": {"id": "refund.id"},
        "success": {"path": "status", "equals": "ok"},
        "timeout_seconds": 30,
        "credential": None,
    }


@pytest.mark.parametrize(
    ("field", "value", "words"),
    [
        ("url", "ftp://shop.example.com", "The address starts with https:// or http://"),
        ("url", "https://{{ input.host }}/x", "The host cannot hold a placeholder"),
        ("url", "https://me:secret@shop.example.com", "enter them as the credential"),
        ("url", "https://shop.example.com/{{ input.order", "A placeholder is not closed"),
        ("url", "https://shop.example.com/{{ item.nothing }}", "There is no fact “item.nothing”."),
        ("url", "https://shop.example.com/{{ request.text }}", "There is no fact “request.text”."),
        ("body", '{"order": {{ input.order_number }}}', "Placeholders stand inside quotes"),
        ("headers", "Authorization: Bearer x", "enter it as the credential"),
        ("headers", "no colon here", "Line 1 is not of the form"),
        ("fields_given", "total rows.0.total", "Line 1 is not of the form"),
        ("slug", "rule", "means something else in rules"),
        ("success_path", "status", "Give both"),
    ],
)
def test_what_cannot_work_is_refused_in_words_and_kept(admin: Client, field: str, value: str, words: str) -> None:
    answer = admin.post(f"{ADDRESS}new/tool-http/", TOOL | {field: value})
    assert answer.status_code == 422
    errors = " ".join(str(error) for errors in answer.context["form"].errors.values() for error in errors)
    assert words in errors
    assert answer.context["form"][field].value() == value
    assert not Destination.objects.filter(slug="refund").exists()


def test_each_save_is_a_version_and_a_stale_one_is_refused(admin: Client) -> None:
    add(admin, "tool-http", **TOOL)
    admin.post(f"{ADDRESS}refund/edit/", TOOL | {"method": "PUT", "seen_version": "1"})
    assert newest("refund")["method"] == "PUT"
    stale = admin.post(f"{ADDRESS}refund/edit/", TOOL | {"name": "Mine", "seen_version": "1"})
    assert stale.status_code == 409
    assert 'value="Mine"' in stale.content.decode()
    assert DestinationVersion.objects.filter(destination__slug="refund").count() == 2
    assert "POST" in admin.get(f"{ADDRESS}refund/versions/1/").content.decode()


def test_a_secret_is_never_shown_and_leaves_with_the_host(admin: Client) -> None:
    add(admin, "tool-http", **TOOL, credential_header="Authorization", credential_secret="Bearer canary-1")
    kept = newest("refund")["credential"]
    assert Credential.objects.get(pk=kept).origin == "https://shop.example.com"
    for page in ("", "edit/", "versions/1/"):
        assert "canary-1" not in admin.get(f"{ADDRESS}refund/{page}").content.decode()
    path = TOOL | {"url": "https://shop.example.com/v2/refunds", "seen_version": "1"}
    admin.post(f"{ADDRESS}refund/edit/", path)
    assert newest("refund")["credential"] == kept
    answer = admin.post(
        f"{ADDRESS}refund/edit/", TOOL | {"url": "https://other.example.com/", "seen_version": "2"}, follow=True
    )
    assert newest("refund")["credential"] is None
    assert "The stored secret was for https://shop.example.com and was removed." in answer.content.decode()


def test_a_secret_can_be_forgotten(admin: Client) -> None:
    add(admin, "tool-http", **TOOL, credential_header="X-Key", credential_secret="canary-2")
    admin.post(f"{ADDRESS}refund/edit/", TOOL | {"credential_forget": "on", "seen_version": "1"})
    assert newest("refund")["credential"] is None


def test_an_agent_needs_a_schema_that_can_be_used(admin: Client) -> None:
    agent = {
        "name": "Reply",
        "slug": "reply",
        "prompt": "{{ item.text }}",
        "max_tokens": "800",
        "timeout_seconds": "60",
    }
    for schema, words in (
        ('{"type": "array"}', "its type must be object"),
        ('{"type": "objec"}', "it is no JSON schema"),
        ("[1, 2", "This is no JSON"),
    ):
        answer = admin.post(f"{ADDRESS}new/agent/", agent | {"schema": schema})
        assert answer.status_code == 422
        assert words in " ".join(answer.context["form"].errors["schema"])
    add(admin, "agent", **agent, schema='{"type": "object", "properties": {"body": {"type": "string"}}}')
    assert newest("reply")["schema"]["properties"] == {"body": {"type": "string"}}


def test_a_table_is_read_with_numbers_amounts_and_texts(admin: Client) -> None:
    content = "E-mail;Orders;Balance;Zip\nKim@Example.org;12;1.000,50 EUR;01234\nana@example.org;3;20 EUR;\n"
    upload = SimpleUploadedFile("customers.csv", content.encode())
    add(
        admin,
        "source-table",
        name="Customers",
        slug="customers",
        table=upload,
        key_column="E-mail",
        key="{{ item.requester_email }}",
    )
    rows = dict(TableRow.objects.values_list("key", "data"))
    assert rows["kim@example.org"] == {
        "e_mail": "Kim@Example.org",
        "orders": 12,
        "balance": {"amount": "1000.50", "currency": "EUR"},
        "zip": "01234",
    }
    assert "zip" not in rows["ana@example.org"]
    page = admin.get(f"{ADDRESS}customers/").content.decode()
    assert "<td>1000.50 EUR</td>" in page
    answer = admin.post(f"{ADDRESS}customers/try/", {"facts": "item.requester_email = KIM@example.org"})
    assert answer.context["tried"].words == "The table has this row."


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"email\n", "a line of headings and at least one row"),
        (b"email,email\na,b\n", "Two columns would both be called"),
        (b"name\nKim\n", "The file has no such column. It has: name."),
        (b"email\n\xff\xfe\n", "not in UTF-8"),
    ],
)
def test_a_table_that_cannot_be_used_says_why(admin: Client, content: bytes, words: str) -> None:
    data = {"name": "C", "slug": "c", "key_column": "email", "key": "{{ item.title }}"}
    answer = admin.post(f"{ADDRESS}new/source-table/", data | {"table": SimpleUploadedFile("c.csv", content)})
    assert answer.status_code == 422
    assert words in str(answer.context["form"].errors)


def test_trying_a_write_shows_the_request_and_sends_nothing(desk: TestDesk, admin: Client, settings: Any) -> None:
    desk.work_type("support", {"name": "order_number", "pattern": r"\b(K-\d+)\b"})
    desk.rules("support", {"when": {"fact": "input.order_number", "op": "known"}, "then": {"do": "finish"}})
    with scripted_server([json_reply({"ok": True})]) as server:
        settings.DESK_ALLOW_HOSTS = [server.name]
        add(
            admin,
            "tool-http",
            **(TOOL | {"url": f"{server.url}/refunds"}),
            credential_header="X-Key",
            credential_secret="canary",
        )
        item = desk.send("My order K-10234", type="support")
        decide()
        answer = admin.post(f"{ADDRESS}refund/try/", {"code": item.code, "facts": "input.amount = 12.5 EUR"})
        tried = answer.context["tried"]
        assert server.received == []
    assert tried.words == "This is what would be sent. It changes something, so it was not sent."
    assert tried.request.startswith(f"POST {server.url}/refunds\n(the stored credential is added here)\n\n")
    assert '"order":"K-10234"' in tried.request
    assert "canary" not in answer.content.decode()
    assert not Step.objects.filter(name="refund").exists()


def test_trying_a_source_really_asks_it(admin: Client, settings: Any) -> None:
    with scripted_server([json_reply({"rows": [{"total": 12.5}]})]) as server:
        settings.DESK_ALLOW_HOSTS = [server.name]
        add(
            admin,
            "source-http",
            name="Sales",
            slug="sales",
            method="GET",
            url=f"{server.url}/sales/{{{{ input.period }}}}",
            fields_given="total = rows.0.total",
            timeout_seconds="5",
            credential_header="X-Key",
            credential_secret="canary-3",
        )
        answer = admin.post(f"{ADDRESS}sales/try/", {"facts": "input.period = 2026 / 03"})
        [call] = server.received
    assert (call.target, call.headers["x-key"]) == ("/sales/2026%20%2F%2003", "canary-3")
    assert '"total": 12.5' in answer.context["tried"].output
    assert "canary-3" not in answer.content.decode()


def test_a_host_that_may_not_be_called_is_named(admin: Client) -> None:
    add(admin, "source-http", name="Crm", slug="crm", method="GET", url="http://127.0.0.1:9/x", timeout_seconds="5")
    tried = admin.post(f"{ADDRESS}crm/try/", {}).context["tried"]
    assert not tried.good
    assert "127.0.0.1:9" in tried.words
    assert "DESK_ALLOW_HOSTS" in tried.words


def test_a_fact_that_is_wanting_is_named(admin: Client) -> None:
    add(admin, "tool-http", **TOOL)
    tried = admin.post(f"{ADDRESS}refund/try/", {}).context["tried"]
    assert tried.words == "The request cannot be made: input.order_number has no value."


def test_trying_an_agent_asks_the_model(admin: Client, settings: Any) -> None:
    with scripted_server([completion('{"body": "Dear Kim"}')]) as server:
        settings.DESK_ALLOW_HOSTS = [server.name]
        settings.AI_BASE_URL, settings.AI_MODEL, settings.AI_API_KEY = f"{server.url}/v1", "scripted", "key-canary"
        add(
            admin,
            "agent",
            name="Reply",
            slug="reply",
            prompt="Answer: {{ item.text }} {{ with.tone }}",
            max_tokens="50",
            timeout_seconds="5",
            schema='{"type": "object", "properties": {"body": {"type": "string"}}}',
        )
        answer = admin.post(f"{ADDRESS}reply/try/", {"facts": "item.text = Where is it?", "text-tone": "kindly"})
        [call] = server.received
    assert call.json["messages"][1]["content"] == "Answer: Where is it? kindly"  # type: ignore[index]
    assert '"body": "Dear Kim"' in answer.context["tried"].output
    assert "key-canary" not in answer.content.decode()


def test_operators_pause_a_destination_and_let_it_go_on(desk: TestDesk, sign_in: SignIn) -> None:
    row = desk.destination("refund", "tool", via="http", url="https://shop.example.com", effect="write")
    operator = sign_in(Role.OPERATOR)
    for paused, status in (("yes", "paused"), ("no", "on")):
        operator.post(f"{ADDRESS}refund/status/", {"paused": paused})
        row.refresh_from_db()
        assert row.status == status


def test_what_live_rules_send_to_stays(desk: TestDesk, admin: Client) -> None:
    desk.work_type("support")
    desk.destination("note", "tool", via="http", url="https://a.example.com", effect="read", method="GET")
    desk.rules("support", {"when": {"all": []}, "then": {"do": "go", "to": ["note"]}})
    answer = admin.post(f"{ADDRESS}note/remove/", follow=True)
    assert "still used by the rules of Support v1" in answer.content.decode()
    desk.rules("support", {"when": {"all": []}, "then": {"do": "finish"}})
    admin.post(f"{ADDRESS}note/remove/")
    assert Destination.objects.get(slug="note").archived


def test_the_list_says_what_is_wrong(desk: TestDesk, admin: Client) -> None:
    desk.destination("crm", "source", via="http", method="GET", url="https://a.example.com/{{ input.nobody_asks }}")
    page = admin.get(ADDRESS).content.decode()
    assert "Nothing gives “input.nobody_asks”" in page
    assert "Nobody staffs Finance." in page


def _meaning(config: dict[str, Any]) -> dict[str, Any]:
    """Return a configuration without what is empty, which means the same as what is not there."""
    return {key: value for key, value in config.items() if value not in (None, "", {}, False)}


@pytest.mark.parametrize(
    "place", [place for place in company.places(4000) if place.kind != "queue"], ids=lambda p: p.slug
)
def test_opening_a_form_and_saving_it_changes_nothing(admin: Client, place: company.Place) -> None:
    configuring.save_destination(
        actor=DESK, slug=place.slug, name=place.name, kind=place.kind, config=place.config, rows=place.rows
    )
    before = _meaning(newest(place.slug))
    form = admin.get(f"{ADDRESS}{place.slug}/edit/").context["form"]
    data = {field.html_name: field.value() for field in form if field.value() not in (None, False)}
    data |= {"seen_version": "1"}
    answer = admin.post(f"{ADDRESS}{place.slug}/edit/", {key: str(value) for key, value in data.items()})
    assert answer.status_code == 302, answer.context["form"].errors
    after = _meaning(newest(place.slug))
    defaults = {"timeout_seconds", "method", "max_tokens", "effect"}
    assert {key: value for key, value in after.items() if key in before or key not in defaults} == before
