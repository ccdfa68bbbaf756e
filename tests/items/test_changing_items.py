"""Filling in inputs and moving items from their page."""

from collections.abc import Callable
from typing import Any

from django.test import Client

from routing.models import FactRevision, Note
from tests.desks import TestDesk, decide, fresh

SignedIn = Callable[[str], Client]
KIM: dict[str, Any] = {"requester_email": "kim@example.org"}


def test_filling_in_records_only_what_was_changed(desk: TestDesk, signed_in: SignedIn) -> None:
    item, client = desk.send("Where is K-1?", type="support", **KIM), signed_in("olga")
    decide()
    sent = {"version": fresh(item).version, "input_order_number": "K-1", "input_topic": "delivery"}
    response = client.post(f"/items/{item.code}/inputs/", sent)
    assert (response.status_code, response["Location"]) == (302, f"/items/{item.code}/")
    rows = FactRevision.objects.filter(item=item, name__startswith="input.").order_by("seq")
    person = f"person:{desk.people['olga'].pk}"
    assert [(row.name, row.provider) for row in rows] == [("input.order_number", "text"), ("input.topic", person)]
    assert fresh(item).state == "incoming"


def test_a_value_that_cannot_be_read_is_kept_and_explained(desk: TestDesk, signed_in: SignedIn) -> None:
    item = desk.send("Where is K-1?", type="support", **KIM)
    decide()
    sent = {"version": fresh(item).version, "input_topic": "refund", "input_amount": "a lot"}
    response = signed_in("olga").post(f"/items/{item.code}/inputs/", sent)
    page = response.content.decode()
    assert response.status_code == 422
    assert 'value="a lot"' in page
    assert "<option selected>refund</option>" in page
    assert 'id="input_amount_error"' in page
    assert not FactRevision.objects.filter(item=item, name="input.topic").exists()


def test_filling_in_an_item_that_moved_on_keeps_what_was_typed(desk: TestDesk, signed_in: SignedIn) -> None:
    item, client = desk.send("Where is K-1?", type="support", **KIM), signed_in("olga")
    decide()
    sent = {"version": fresh(item).version - 1, "input_topic": "refund"}
    response = client.post(f"/items/{item.code}/inputs/", sent)
    assert response.status_code == 409
    assert "<option selected>refund</option>" in response.content.decode()
    assert f'name="version" value="{fresh(item).version}"' in response.content.decode()
    sent["version"] = fresh(item).version
    assert client.post(f"/items/{item.code}/inputs/", sent).status_code == 302


def test_a_finished_item_takes_no_inputs(desk: TestDesk, signed_in: SignedIn) -> None:
    item, client = desk.send("Where is K-1?", type="support", **KIM), signed_in("olga")
    client.post(f"/items/{item.code}/move/", {"to": "state:done", "version": fresh(item).version})
    assert client.get(f"/items/{item.code}/inputs/").status_code == 403
    assert "Fill in" not in client.get(f"/items/{item.code}/").content.decode()


def test_the_places_to_move_to_depend_on_the_role(desk: TestDesk, signed_in: SignedIn) -> None:
    item = desk.send("Hello", type="support")
    page = signed_in("olga").get(f"/items/{item.code}/move/").content.decode()
    assert [place for place in ("state:done", "queue:support", "destination:look") if f'value="{place}"' in page] == [
        "state:done",
        "queue:support",
        "destination:look",
    ]
    assert 'name="to"' not in signed_in("rene").get(f"/items/{item.code}/move/").content.decode()
    refused = signed_in("rene").post(f"/items/{item.code}/move/", {"to": "state:done", "version": item.version})
    assert (refused.status_code, fresh(item).state) == (403, "incoming")


def test_a_move_without_javascript_leads_back_to_the_item(desk: TestDesk, signed_in: SignedIn) -> None:
    item, client = desk.send("Hello", type="support"), signed_in("olga")
    sent = {"to": "queue:support", "version": item.version, "reason": "they know"}
    response = client.post(f"/items/{item.code}/move/", sent)
    assert (response.status_code, response["Location"]) == (302, f"/items/{item.code}/")
    assert (fresh(item).state, fresh(item).owner_ref) == ("in_review", "support")
    assert Note.objects.get().text == "they know"
    page = client.get(f"/items/{item.code}/").content.decode()
    assert '<blockquote class="said">they know</blockquote>' in page
    assert "Sent to Support by hand" in page


def test_a_move_from_the_board_says_so_to_the_page(desk: TestDesk, signed_in: SignedIn) -> None:
    item, client = desk.send("Hello", type="support"), signed_in("olga")
    headers = {"HX-Request": "true", "HX-Current-URL": "http://testserver/?item=D-1"}
    form = client.get(f"/items/{item.code}/move/", headers=headers).content.decode()
    assert form.lstrip().startswith("<form")
    sent = {"to": "state:waiting", "version": item.version}
    response = client.post(f"/items/{item.code}/move/", sent, headers=headers)
    assert (response.status_code, response["HX-Trigger"]) == (204, f'{{"desk:moved": {{"code": "{item.code}"}}}}')


def test_moving_from_the_page_of_moves_leads_back_to_the_item(desk: TestDesk, signed_in: SignedIn) -> None:
    item = desk.send("Hello", type="support")
    headers = {"HX-Request": "true", "HX-Current-URL": f"http://testserver/items/{item.code}/move/"}
    sent = {"to": "state:waiting", "version": item.version}
    response = signed_in("olga").post(f"/items/{item.code}/move/", sent, headers=headers)
    assert (response.status_code, response["HX-Redirect"]) == (204, f"/items/{item.code}/")


def test_moving_an_item_that_moved_on_keeps_the_choice(desk: TestDesk, signed_in: SignedIn) -> None:
    item = desk.send("Hello", type="support", **KIM)
    decide()
    sent = {"to": "state:done", "version": item.version, "reason": "no longer needed"}
    response = signed_in("olga").post(f"/items/{item.code}/move/", sent)
    page = response.content.decode()
    assert (response.status_code, fresh(item).state) == (409, "waiting")
    assert 'value="state:done" required checked' in page
    assert 'value="no longer needed"' in page
    assert f'name="version" value="{fresh(item).version}"' in page


def test_a_place_that_is_none_is_refused(desk: TestDesk, signed_in: SignedIn) -> None:
    item = desk.send("Hello", type="support")
    for place in ("queue:nowhere", "destination:support", "state:in_review", "nonsense", ""):
        response = signed_in("olga").post(f"/items/{item.code}/move/", {"to": place, "version": item.version})
        assert (response.status_code, fresh(item).version) == (422, item.version)
