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


def test_a_tool_that_writes_says_that_it_is_approved_first(desk: TestDesk, signed_in: SignedIn) -> None:
    desk.destination("pay", "tool", via="http", method="POST", url="https://example.org/", effect="write")
    item = desk.send("Hello", type="support")
    page = signed_in("olga").get(f"/items/{item.code}/move/").content.decode()
    assert "<span>Pay, once it is approved</span>" in page
    assert "<span>Look</span>" in page


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


def test_moves_from_the_board_say_what_became_of_each_and_can_be_undone(desk: TestDesk, signed_in: SignedIn) -> None:
    first, second, client = desk.send("One", type="support"), desk.send("Two", type="support"), signed_in("olga")
    page = client.get("/moves/", {"items": [first.code, second.code]}, headers={"HX-Request": "true"}).content.decode()
    assert page.lstrip().startswith("<form")
    assert f'data-items="{first.code}:1 {second.code}:1"' in page
    assert "Move 2 requests to" in page
    sent = {"items": [f"{first.code}:1", f"{second.code}:7"], "to": "state:waiting", "reason": "later"}
    moved, refused = client.post("/moves/", sent).json()["results"]
    assert (moved["moved"], moved["label"], moved["version"], moved["may_undo"]) == (True, "waiting", 2, True)
    assert (refused["moved"], refused["version"]) == (False, 1)
    [undone] = client.post("/moves/undo/", {"items": f"{first.code}:2"}).json()["results"]
    assert (undone["words"], fresh(first).state) == (
        f"{first.code} is now incoming, next owner Dispatch Desk.",
        "incoming",
    )
    assert client.get("/moves/").status_code == 422


def test_the_dialog_offers_only_what_was_asked_for(desk: TestDesk, signed_in: SignedIn) -> None:
    item, client = desk.send("Hello", type="support"), signed_in("olga")
    headers = {"HX-Request": "true"}
    sending = client.get(f"/items/{item.code}/move/?only=send", headers=headers).content.decode()
    assert "state:done" not in sending
    assert 'value="queue:support"' in sending
    people = client.get(f"/items/{item.code}/move/?only=person", headers=headers).content.decode()
    assert [name for name in ("me", "person:rene", "person:ada") if f'value="{name}"' in people] == [
        "me",
        "person:rene",
        "person:ada",
    ]
    other = desk.send("The same", type="support")
    sent = {"to": "duplicate:", "code": other.code, "version": item.version}
    assert client.post(f"/items/{item.code}/move/", sent).status_code == 302
    assert f'Duplicate of <a href="/items/{other.code}/">' in client.get(f"/items/{item.code}/").content.decode()
    assert (
        f'The same was asked in <a href="/items/{item.code}/">' in client.get(f"/items/{other.code}/").content.decode()
    )


def test_what_the_requester_is_asked_is_answered_for_them(desk: TestDesk, signed_in: SignedIn) -> None:
    item, client = desk.send("Where is it?", type="support", **KIM), signed_in("rene")
    decide()
    address = f"/items/{item.code}/answer/"
    assert "Answer for the requester" in client.get(f"/items/{item.code}/?drawer=1").content.decode()
    wrong = client.post(address, {"input_order_number": ""})
    assert (wrong.status_code, fresh(item).state) == (422, "waiting")
    given = client.post(address, {"input_order_number": "K-7", "input_topic": "delivery"})
    assert (given.status_code, fresh(item).state) == (302, "incoming")
    row = FactRevision.objects.get(item=item, name="input.order_number")
    assert (row.value, row.provider) == ("K-7", f"person:{desk.people['rene'].pk}")
    assert client.get(address).status_code == 409


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
