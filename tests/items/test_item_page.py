"""The page of an item: what it shows, to whom, and in how many queries."""

from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.models import Group
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from routing.actions import answering, moving, noting, recording
from routing.actions.calling import Result
from routing.domain.roles import Actor, Role
from routing.models import FactRevision, Note, Step, WorkItem, WorkType
from tests.desks import TestDesk, decide, fresh

SignedIn = Callable[[str], Client]
KIM: dict[str, Any] = {"requester_email": "kim@example.org", "requester_name": "Kim"}
REQUESTER = Actor(role=Role.REQUESTER, name="Kim")


def run_step(item: WorkItem, **output: object) -> None:
    """Let the item's due step come back with this output."""
    step = Step.objects.get(item=item, status=Step.DUE)
    Step.objects.filter(pk=step.pk).update(status=Step.RUNNING, attempts=1, due_at=None)
    recording.record(
        step.pk, 1, Result(Step.SUCCEEDED, output=dict(output), elapsed_ms=1200, tokens_in=12, tokens_out=3)
    )
    decide()


def page_of(client: Client, item: WorkItem) -> str:
    """Return the item's page."""
    response = client.get(f"/items/{item.code}/")
    assert response.status_code == 200
    return response.content.decode()


def test_the_page_shows_where_a_value_came_from_and_what_is_asked(desk: TestDesk, signed_in: SignedIn) -> None:
    item = desk.send("Where is K-10234?", type="support", **KIM)
    decide()
    page = page_of(signed_in("olga"), item)
    assert '<mark title="Order number was read from here">K-10234</mark>' in page
    assert "The request&#x27;s own words: “K-10234”" in page
    assert page.count("Asked the requester <time") == 2
    assert "Rule 2, “Look it up” of Support v1 needs Topic and Refund amount." in page


def test_a_move_says_which_condition_met_what(desk: TestDesk, signed_in: SignedIn) -> None:
    item = desk.send("My lawyer calls about K-1", type="support", **KIM)
    decide()
    page = page_of(signed_in("olga"), item)
    assert "Asked Support to decide" in page
    assert "Rule 1, “Lawyers” of Support v1: When the text contains “lawyer”, let Support decide" in page
    assert "<td>The text</td><td>contains “lawyer”</td><td>My lawyer calls about K-1</td><td>true</td>" in page


def test_only_what_is_not_finished_is_due(desk: TestDesk, signed_in: SignedIn) -> None:
    item = desk.send("Where is K-10234?", type="support", **KIM)
    decide()
    page = page_of(signed_in("olga"), item)
    assert "data-due=" in page
    assert "<dt>Due</dt>" in page
    olga = Actor(role=Role.OPERATOR, name="olga", user_id=desk.people["olga"].pk)
    moving.move(actor=olga, item_id=item.pk, to="state:done")
    page = page_of(signed_in("olga"), item)
    assert "data-due=" not in page
    assert "<dt>Due</dt>" not in page


def test_a_rule_that_was_passed_over_says_why(desk: TestDesk, signed_in: SignedIn) -> None:
    item = desk.send("Where is K-1? It is about a delivery", type="support", **KIM)
    decide()
    page = page_of(signed_in("olga"), item)
    assert "Sent to Look" in page
    assert (
        "<td>The text</td><td>contains “lawyer”</td><td>Where is K-1? It is about a delivery</td><td>false</td>" in page
    )


def test_what_a_rule_set_is_not_taken_for_what_it_saw(desk: TestDesk, signed_in: SignedIn) -> None:
    desk.rules(None, {"when": {"fact": "item.type", "op": "missing"}, "set": {"type": "support"}})
    item = desk.send("Where is K-1? It is about a delivery", **KIM)
    decide()
    assert fresh(item).type_name == "Support"
    page = page_of(signed_in("olga"), item)
    assert "Rule 1 of First look v1: When the type is missing, set the type to Support." in page
    assert "<td>The type</td><td>is missing</td><td>none</td><td>true</td>" in page


def test_steps_show_what_came_back_and_what_it_took(desk: TestDesk, signed_in: SignedIn) -> None:
    item = desk.send("Where is K-1? It is about a delivery", type="support", **KIM)
    decide()
    run_step(item, carrier="<b>DHL</b>")
    page = page_of(signed_in("olga"), item)
    assert "&quot;carrier&quot;: &quot;&lt;b&gt;DHL&lt;/b&gt;&quot;" in page
    assert "1 attempt, 1.2 s, 12 tokens in, 3 out" in page
    assert "Look is done" in page


def test_words_for_the_inside_are_never_shown(desk: TestDesk, signed_in: SignedIn) -> None:
    item = desk.send("My lawyer calls about K-1", type="support", **KIM)
    decide()
    page = page_of(signed_in("rene"), item).lower()
    for word in ("verdict", "lease", "epoch", "digest", "refraction", "no_rule", "escalated"):
        assert word not in page


def test_the_number_of_queries_does_not_depend_on_how_much_happened(desk: TestDesk, signed_in: SignedIn) -> None:
    client, olga = signed_in("olga"), Actor(role=Role.OPERATOR, name="olga", user_id=desk.people["olga"].pk)
    item = desk.send("Where is K-1? It is about a delivery", type="support", **KIM)
    decide()
    noting.add_note(actor=olga, item_id=item.pk, text="one")
    run_step(item, days=1)
    moving.move(actor=olga, item_id=item.pk, to="queue:support")
    page_of(client, item)
    counts = []
    for round_ in (1, 2, 3):
        with CaptureQueriesContext(connection) as queries:
            page_of(client, item)
        counts.append(len(queries))
        moving.move(actor=olga, item_id=item.pk, to="destination:look", reason=f"again {round_}")
        run_step(item, days=round_)
    assert fresh(item).events.count() > 10
    assert len(set(counts)) == 1


def test_an_item_of_a_type_for_others_is_not_there(desk: TestDesk, signed_in: SignedIn) -> None:
    item = desk.send("Secret", type="support", **KIM)
    WorkType.objects.get(slug="support").visible_to.add(Group.objects.create(name="few"))
    for path in ("", "move/", "inputs/"):
        assert signed_in("olga").get(f"/items/{item.code}/{path}").status_code == 404
    assert signed_in("olga").post(f"/items/{item.code}/notes/", {"text": "hi"}).status_code == 404
    assert signed_in("ada").get(f"/items/{item.code}/").status_code == 200
    assert not Note.objects.exists()


@pytest.mark.parametrize("code", ["D-0", "D-999999999999999999999999", "X-1", "D-1%00", "D-٣"])
def test_a_code_that_names_nothing_is_not_there(signed_in: SignedIn, code: str) -> None:
    assert signed_in("olga").get(f"/items/{code}/").status_code == 404


def test_without_an_account_everything_leads_to_the_sign_in_page(desk: TestDesk) -> None:
    item = desk.send("Hello", type="support")
    for path in ("", "move/", "inputs/", "files/1/"):
        response = Client().get(f"/items/{item.code}/{path}")
        assert (response.status_code, response["Location"].startswith("/sign-in/")) == (302, True)


def test_the_drawer_shows_what_is_missing_and_the_newest_moves(desk: TestDesk, signed_in: SignedIn) -> None:
    item = desk.send("Hello", type="support", **KIM)
    decide()
    response = signed_in("olga").get(f"/items/{item.code}/?drawer=1", headers={"HX-Request": "true"})
    drawer = response.content.decode()
    assert 'class="drawer-item"' in drawer
    assert "<html" not in drawer
    assert 'Order number <span class="muted">asked the requester <time' in drawer
    assert "Asked the requester for Order number" in drawer
    assert "HX-Request" in response["Vary"]


def test_a_note_is_kept_and_escaped(desk: TestDesk, signed_in: SignedIn) -> None:
    item, client = desk.send("Hello", type="support"), signed_in("olga")
    response = client.post(f"/items/{item.code}/notes/", {"text": "<script>alert(1)</script>"})
    assert (response.status_code, response["Location"]) == (302, f"/items/{item.code}/#notes")
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page_of(client, item)
    assert Note.objects.get().by_name == "olga"


def test_an_empty_note_is_refused(desk: TestDesk, signed_in: SignedIn) -> None:
    item = desk.send("Hello", type="support")
    response = signed_in("olga").post(f"/items/{item.code}/notes/", {"text": "  "})
    assert response.status_code == 422
    assert "Write something first." in response.content.decode()


def test_a_doubtful_value_is_used_when_somebody_confirms_it(desk: TestDesk, signed_in: SignedIn) -> None:
    item, client = desk.send("K-1 or K-2, a delivery", type="support", **KIM), signed_in("olga")
    decide()
    page = page_of(client, item)
    assert "K-1?" in page
    assert "It is not used until somebody confirms it." in page
    seq = FactRevision.objects.get(item=item, doubtful=True).seq
    confirm = {"name": "order_number", "seq": seq}
    assert client.post(f"/items/{item.code}/inputs/confirm/", confirm).status_code == 302
    row = FactRevision.objects.filter(item=item, name="input.order_number").latest("seq")
    assert (row.value, row.doubtful, row.provider) == ("K-1", False, f"person:{desk.people['olga'].pk}")
    assert "olga, <time" in page_of(client, item)
    assert client.post(f"/items/{item.code}/inputs/confirm/", confirm).status_code == 409


def test_a_requesters_own_words_show_as_their_answer(desk: TestDesk, signed_in: SignedIn) -> None:
    item = desk.send("Hello", type="support", **KIM)
    decide()
    item.questions.update(names=[], note="Which colour?")
    answering.answer(actor=REQUESTER, item_id=item.pk, given={}, text="The <i>blue</i> one")
    page = page_of(signed_in("olga"), item)
    assert "The requester's answer" in page
    assert "The &lt;i&gt;blue&lt;/i&gt; one" in page


def test_an_input_that_a_data_source_is_asked_for_says_so(desk: TestDesk, signed_in: SignedIn) -> None:
    key = "{{ item.requester_email }}"
    desk.destination("customers", "source", via="http", method="GET", url=f"https://example.org/?q={key}")
    field = {"name": "account", "label": "Account", "required": True, "source_fact": "source.customers.account"}
    desk.work_type("billing", field)
    when = {"fact": "input.account", "op": "known"}
    desk.rules("billing", {"when": when, "then": {"do": "finish"}})
    item = desk.send("Hello", type="billing", **KIM)
    decide()
    assert fresh(item).state == "working"
    page = page_of(signed_in("olga"), item)
    assert "Asked Customers <time" in page
    assert "Sent to Customers" in page
