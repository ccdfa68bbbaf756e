"""Items over the API: sent in once, read by those who may, and moved by version."""

import pytest
from django.contrib.auth.models import Group
from django.db import connection
from django.test.utils import CaptureQueriesContext

from routing.domain.roles import Role
from routing.models import WorkItem, WorkType
from tests.api.conftest import MakeProgram
from tests.desks import TestDesk, decide

ORDER = {"name": "order_number", "label": "Order number", "required": True, "pattern": r"\b(K-\d+)\b"}
ALWAYS: dict[str, object] = {"all": []}


def test_an_item_is_made_and_shows_its_four_facts(desk: TestDesk, program: MakeProgram) -> None:
    desk.work_type("support", ORDER)
    shop = program("shop", Role.INTAKE)
    answer = shop.post(
        "/items",
        {
            "title": "Late parcel",
            "text": "Where is K-10234?",
            "type": "support",
            "priority": "high",
            "channel": "shop",
            "inputs": {"order_number": "K-10234"},
            "requester": {"name": "Kim", "email": "kim@example.org"},
        },
        key="one",
    )
    item = WorkItem.objects.get()
    assert answer.status == 201
    assert answer.body == {
        "code": item.code,
        "type": "support",
        "title": "Late parcel",
        "state": "incoming",
        "closed_as": None,
        "trigger": {"kind": "api", "by": "shop", "at": answer.body["created_at"]},
        "next_owner": {"kind": "desk", "name": "Dispatch Desk", "since": answer.body["created_at"]},
        "review_point": {"kind": "none", "queue": None, "review_id": None, "label": ""},
        "priority": "high",
        "inputs": {"order_number": "K-10234"},
        "missing": [],
        "version": 1,
        "created_at": answer.body["created_at"],
        "updated_at": answer.body["created_at"],
        "url": f"http://127.0.0.1:8000{item.get_absolute_url()}",
    }
    assert (item.requester_name, item.requester_email, item.channel) == ("Kim", "kim@example.org", "shop")
    assert shop.get(f"/items/{item.code}").body == answer.body


def test_a_new_item_says_what_is_missing_as_a_later_look_does(desk: TestDesk, program: MakeProgram) -> None:
    desk.work_type("support", ORDER)
    shop = program("shop", Role.INTAKE)
    answer = shop.send("one", type="support")
    assert answer.body["missing"]
    assert shop.get(f"/items/{answer.body['code']}").body == answer.body


def test_the_same_key_answers_with_the_item_as_it_now_is(desk: TestDesk, program: MakeProgram) -> None:
    shop = program("shop", Role.INTAKE)
    first = shop.send("one")
    decide()
    again = shop.send("one")
    assert (first.status, again.status) == (201, 200)
    assert (again.body["code"], again.body["state"]) == (first.body["code"], "in_review")
    assert WorkItem.objects.count() == 1


def test_bodies_are_compared_as_json_not_as_bytes(program: MakeProgram, desk: TestDesk) -> None:
    shop = program("shop", Role.INTAKE)
    assert shop.post("/items", b'{"title": "A", "text": "B"}', key="one").status == 201
    assert shop.post("/items", b'{ "text":"B",\n"title":"\\u0041" }', key="one").status == 200


def test_the_same_key_with_another_body_is_a_conflict(desk: TestDesk, program: MakeProgram) -> None:
    shop = program("shop", Role.INTAKE)
    code = shop.send("one").body["code"]
    answer = shop.send("one", text="Another text")
    assert answer.status == 409
    assert code in answer.body["detail"]


def test_a_key_belongs_to_its_token(desk: TestDesk, program: MakeProgram) -> None:
    assert program("shop", Role.INTAKE).send("one").status == 201
    assert program("mill", Role.INTAKE).send("one").status == 201
    assert WorkItem.objects.count() == 2


def test_without_a_key_nothing_is_taken(desk: TestDesk, program: MakeProgram) -> None:
    shop = program("shop", Role.INTAKE)
    for key in (None, "", "  ", "x" * 256):
        answer = shop.post("/items", {"title": "A", "text": "B"}, key=key)
        assert (answer.status, answer.body["status"]) == (400, 400)
    assert not WorkItem.objects.exists()


def test_a_batch_answers_each_request_in_order(desk: TestDesk, program: MakeProgram) -> None:
    shop = program("shop", Role.INTAKE)
    sent = [
        {"key": "b", "title": "Second", "text": "2"},
        {"key": "a", "title": "First", "text": "1"},
        {"key": "c", "title": "", "text": "no title"},
        {"title": "no key", "text": "4"},
        {"key": "b", "title": "Second", "text": "2"},
        {"key": "a", "title": "First", "text": "changed"},
        {"key": "d", "title": "T", "text": "5", "type": "nonsense"},
    ]
    answer = shop.post("/items/batch", {"items": sent})
    assert answer.status == 200
    assert [row["status"] for row in answer.body] == [201, 201, 422, 422, 200, 409, 422]
    assert [answer.body[at]["item"]["title"] for at in (0, 1, 4)] == ["Second", "First", "Second"]
    assert answer.body[2]["error"]["errors"] == [{"pointer": "/title", "detail": "Write something here."}]
    assert answer.body[3]["error"]["errors"][0]["pointer"] == "/key"
    assert WorkItem.objects.count() == 2


def test_a_batch_and_a_single_request_share_their_keys(desk: TestDesk, program: MakeProgram) -> None:
    shop = program("shop", Role.INTAKE)
    code = shop.post("/items", {"title": "A", "text": "B"}, key="one").body["code"]
    [row] = shop.post("/items/batch", {"items": [{"key": "one", "title": "A", "text": "B"}]}).body
    assert (row["status"], row["item"]["code"]) == (200, code)


@pytest.mark.parametrize("count", [0, 1001])
def test_a_batch_of_none_or_too_many_is_refused(desk: TestDesk, program: MakeProgram, count: int) -> None:
    rows = [{"key": str(n), "title": "T", "text": ""} for n in range(count)]
    assert program("shop", Role.INTAKE).post("/items/batch", {"items": rows}).status == 422
    assert not WorkItem.objects.exists()


def test_an_intake_token_reads_its_own_items_only(desk: TestDesk, program: MakeProgram) -> None:
    shop, mill = program("shop", Role.INTAKE), program("mill", Role.INTAKE)
    mine, other = shop.send("one").body["code"], mill.send("one").body["code"]
    by_hand = desk.send("by hand").code
    assert [row["code"] for row in shop.get("/items").body["items"]] == [mine]
    assert shop.get(f"/items/{mine}").status == 200
    assert shop.get(f"/items/{mine}/events").status == 200
    for code in (other, by_hand, "D-999999", "D-0", "nonsense", "D-99999999999999999999"):
        for path in ("", "/events", "/decisions"):
            assert shop.get(f"/items/{code}{path}").status == 404, (code, path)
        assert shop.post(f"/items/{code}/inputs", {"inputs": {"a": 1}}).status == 404
        assert shop.post(f"/items/{code}/move", {"to": "state:done", "version": 1}).status == 404


def test_an_intake_token_may_only_send_and_read(desk: TestDesk, program: MakeProgram) -> None:
    shop = program("shop", Role.INTAKE)
    code = shop.send("one").body["code"]
    answers = [
        shop.get(f"/items/{code}/decisions"),
        shop.post(f"/items/{code}/inputs", {"inputs": {"a": 1}}),
        shop.post(f"/items/{code}/move", {"to": "state:done", "version": 1}),
        shop.get("/queues"),
        shop.get("/reviews"),
        shop.post("/queues/triage/claim"),
    ]
    assert [answer.status for answer in answers] == [403] * 6


def test_a_type_is_seen_by_its_groups_and_admins(desk: TestDesk, program: MakeProgram) -> None:
    work_type = desk.work_type("secret")
    WorkType.objects.get(pk=work_type.pk).visible_to.add(Group.objects.create(name="insiders"))
    code = desk.send("quiet", type="secret").code
    olga, ada = program("olga", Role.OPERATOR), program("ada", Role.ADMIN)
    assert olga.get(f"/items/{code}").status == 404
    assert olga.get("/items").body["items"] == []
    assert ada.get(f"/items/{code}").status == 200
    assert olga.send("k", type="secret").status == 403


def test_lists_are_filtered_and_paged_without_gaps(desk: TestDesk, program: MakeProgram) -> None:
    desk.work_type("support")
    sent = [desk.send(f"request {number}", type="support" if number % 2 else "").code for number in range(5)]
    olga = program("olga", Role.OPERATOR)
    seen, cursor = [], ""
    while True:
        page = olga.get("/items", limit=2, cursor=cursor).body
        seen += [row["code"] for row in page["items"]]
        cursor = page["next_cursor"]
        if cursor is None:
            break
    assert seen == sent[::-1]
    assert [row["code"] for row in olga.get("/items", type="support").body["items"]] == [sent[3], sent[1]]
    assert [row["code"] for row in olga.get("/items", q="REQUEST 4").body["items"]] == [sent[4]]
    assert [row["code"] for row in olga.get("/items", q=sent[2].lower()).body["items"]] == [sent[2]]
    assert olga.get("/items", state="done").body == {"items": [], "next_cursor": None}


@pytest.mark.parametrize(
    "query", [{"state": "nonsense"}, {"cursor": "!"}, {"limit": 0}, {"limit": 201}, {"q": "a\x00b"}, {"limit": "x"}]
)
def test_a_list_with_a_wrong_filter_is_refused(
    desk: TestDesk, program: MakeProgram, query: dict[str, str | int]
) -> None:
    answer = program("olga", Role.OPERATOR).get("/items", **query)
    assert (answer.status, answer.body["errors"][0]["pointer"]) == (422, f"/{next(iter(query))}")


@pytest.mark.parametrize("path", ["/items", "/items/{code}/events", "/items/{code}/decisions", "/reviews", "/queues"])
def test_a_list_takes_as_many_queries_for_three_rows_as_for_one(
    desk: TestDesk, program: MakeProgram, path: str
) -> None:
    olga = program("olga", Role.OPERATOR)
    desk.work_type("support", ORDER, {"name": "colour", "required": True})
    desk.rules("support", {"when": ALWAYS, "then": {"do": "ask", "inputs": ["colour"]}})
    kim = {"email": "kim@example.org"}
    code = olga.send("one", type="support", requester=kim).body["code"]
    desk.send("untyped")
    decide()
    path = path.format(code=code)

    def count() -> int:
        with CaptureQueriesContext(connection) as queries:
            assert olga.get(path).status == 200
        return len(queries)

    count()
    one = count()
    for number in range(2):
        desk.send(f"more {number}", type="support", requester_email="kim@example.org")
        desk.send(f"untyped {number}")
        desk.queue(f"queue-{number}")
        version = olga.get(f"/items/{code}").body["version"]
        assert olga.post(f"/items/{code}/move", {"to": "state:incoming", "version": version}).status == 200
        decide()
    assert count() == one


def test_what_is_missing_is_named_with_who_was_asked(desk: TestDesk, program: MakeProgram) -> None:
    desk.work_type("support", ORDER, {"name": "colour", "required": True})
    desk.destination("note", "tool", via="http", method="GET", url="https://example.org/{{ input.order_number }}")
    desk.rules("support", {"when": ALWAYS, "then": {"do": "go", "to": ["note"]}})
    olga = program("olga", Role.OPERATOR)
    code = olga.send("one", text="K-77 is late", type="support", requester={"email": "kim@example.org"}).body["code"]
    before = olga.get(f"/items/{code}").body
    assert before["missing"] == [
        {"name": "order_number", "provider": "text", "asked_at": None},
        {"name": "colour", "provider": "text", "asked_at": None},
    ]
    decide()
    item = olga.get(f"/items/{code}").body
    [missing] = item["missing"]
    assert (item["state"], item["next_owner"]["kind"]) == ("waiting", "requester")
    assert (missing["name"], missing["provider"]) == ("colour", "requester")
    assert missing["asked_at"] is not None
    assert item["inputs"] == {"order_number": "K-77"}
    after = olga.post(f"/items/{code}/inputs", {"inputs": {"colour": "red"}}).body
    assert (after["state"], after["missing"]) == ("incoming", [])
    assert after["inputs"] == {"order_number": "K-77", "colour": "red"}


def test_inputs_that_do_not_fit_are_refused_by_name(desk: TestDesk, program: MakeProgram) -> None:
    desk.work_type("support", {"name": "amount", "kind": "money", "currency": "EUR"})
    olga = program("olga", Role.OPERATOR)
    code = olga.send("one", type="support").body["code"]
    answer = olga.post(f"/items/{code}/inputs", {"inputs": {"amount": "lots", "nonsense": 1}})
    assert answer.status == 422
    assert {error["pointer"] for error in answer.body["errors"]} == {"/amount", "/nonsense"}
    assert olga.get(f"/items/{code}").body["inputs"] == {}


def test_values_come_back_as_plain_json(desk: TestDesk, program: MakeProgram) -> None:
    desk.work_type(
        "support",
        {"name": "amount", "kind": "money", "currency": "EUR"},
        {"name": "count", "kind": "number"},
        {"name": "day", "kind": "date"},
        {"name": "colour"},
    )
    olga = program("olga", Role.OPERATOR)
    given = {"amount": {"amount": "249.90", "currency": "EUR"}, "count": 3, "day": "2026-03-04", "colour": None}
    assert olga.send("one", type="support", inputs=given).body["inputs"] == given


def test_a_move_needs_the_version_that_was_seen(desk: TestDesk, program: MakeProgram) -> None:
    olga = program("olga", Role.OPERATOR)
    code = olga.send("one").body["code"]
    stale = olga.post(f"/items/{code}/move", {"to": "state:stopped", "version": 7})
    assert stale.status == 409
    done = olga.post(f"/items/{code}/move", {"to": "queue:support", "version": 1, "reason": "theirs"})
    assert (done.status, done.body["state"], done.body["review_point"]["queue"]) == (200, "in_review", "support")
    assert done.body["next_owner"]["kind"] == "queue"
    assert olga.post(f"/items/{code}/move", {"to": "state:nowhere", "version": 2}).status == 422
    assert olga.post(f"/items/{code}/move", {"to": "queue:nowhere", "version": 2}).status == 422


def test_a_move_is_undone_by_the_version_it_left(desk: TestDesk, program: MakeProgram) -> None:
    olga, code = program("olga", Role.OPERATOR), desk.send("Hello").code
    spam = olga.post(f"/items/{code}/move", {"to": "spam", "version": 1}).body
    assert (spam["state"], spam["closed_as"]) == ("stopped", "spam")
    undone = olga.post(f"/items/{code}/undo", {"version": spam["version"]}).body
    assert (undone["state"], undone["closed_as"], undone["version"]) == ("incoming", None, 3)
    assert olga.post(f"/items/{code}/undo", {"version": 2}).status == 409


def test_a_reviewer_sees_an_item_and_may_not_move_it(desk: TestDesk, program: MakeProgram) -> None:
    code = desk.send("hello").code
    answer = program("rita", Role.REVIEWER).post(f"/items/{code}/move", {"to": "state:done", "version": 1})
    assert answer.status == 403


def test_events_tell_what_happened_and_who_did_it(desk: TestDesk, program: MakeProgram) -> None:
    olga, shop = program("olga", Role.OPERATOR), program("shop", Role.INTAKE)
    code = shop.send("one").body["code"]
    olga.post(f"/items/{code}/move", {"to": "state:stopped", "version": 1})
    events = olga.get(f"/items/{code}/events").body["events"]
    told = [(event["seq"], event["kind"], event["state_from"], event["state_to"]) for event in events]
    assert told == [(1, "received", None, "incoming"), (2, "stop", "incoming", "stopped")]
    assert [event["actor"]["name"] for event in events] == ["shop", "olga"]
    assert [event["actor"]["name"] for event in shop.get(f"/items/{code}/events").body["events"]] == [None, None]
    first = olga.get(f"/items/{code}/events", limit=1).body
    rest = olga.get(f"/items/{code}/events", cursor=first["next_cursor"]).body
    assert [event["seq"] for event in first["events"] + rest["events"]] == [1, 2]


def test_events_name_the_original_of_a_duplicate_to_those_who_may_see_it(desk: TestDesk, program: MakeProgram) -> None:
    board = Group.objects.create(name="board")
    desk.work_type("secret").visible_to.add(board)
    ada, olga, shop = program("ada", Role.ADMIN), program("olga", Role.OPERATOR), program("shop", Role.INTAKE)
    hidden, code = desk.send("hush", type="secret"), shop.send("one").body["code"]
    ada.post(f"/items/{code}/move", {"to": f"duplicate:{hidden.code}", "version": 1})
    told = [reader.get(f"/items/{code}/events").body["events"][-1]["data"] for reader in (ada, olga, shop)]
    assert [data.get("duplicate_of") for data in told] == [hidden.pk, None, None]


def test_decisions_tell_rule_version_facts_and_trace(desk: TestDesk, program: MakeProgram) -> None:
    desk.work_type("support", {"name": "amount", "kind": "money", "currency": "EUR"})
    over = {"fact": "input.amount", "op": "over", "value": {"amount": "200", "currency": "EUR"}}
    small = {"fact": "input.amount", "op": "under", "value": {"amount": "10", "currency": "EUR"}}
    desk.rules(
        "support",
        {"name": "Small", "when": small, "then": {"do": "finish"}},
        {"name": "Large", "when": over, "then": {"do": "go", "to": ["support"]}},
    )
    code = desk.send("Please refund 249.90 EUR", type="support").code
    decide()
    olga = program("olga", Role.OPERATOR)
    [decision] = olga.get(f"/items/{code}/decisions").body["decisions"]
    assert decision["rule"] == {"id": "r2", "number": 2, "name": "Large"}
    assert (decision["rulebook"], decision["version"], decision["kind"]) == ("support", 1, "go")
    amount = {"amount": "249.90", "currency": "EUR"}
    assert decision["facts"]["input.amount"] == {"status": "known", "value": amount, "cause": ""}
    assert [(rule["rule"]["name"], rule["result"]) for rule in decision["trace"]] == [
        ("Small", "false"),
        ("Large", "true"),
    ]
    [comparison] = decision["trace"][1]["comparisons"]
    assert comparison["expected"] == {"amount": "200", "currency": "EUR"}
    assert (comparison["actual"]["value"], comparison["result"]) == (amount, "true")
