"""New requests sent by staff: inputs, files, refusals, and sending the same form twice."""

import threading
from collections.abc import Callable

import pytest
from django.contrib.auth.models import Group
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connections
from django.test import Client

from routing.actions import attaching
from routing.models import Attachment, FactRevision, InputField, WorkItem, WorkType
from tests.desks import TestDesk, decide, fresh

SignedIn = Callable[[str], Client]


def form(**given: object) -> dict[str, object]:
    """Return what the form sends, with these fields."""
    fields = {"key": "k1", "type": "", "title": "", "text": "Please help", "priority": "normal"}
    return {**fields, "requester_name": "", "requester_email": "", **given}


def test_a_request_comes_in_with_all_that_was_filled_in(desk: TestDesk, signed_in: SignedIn) -> None:
    sent = form(
        type="support",
        title="Refund",
        priority="high",
        requester_name="Kim",
        requester_email="kim@example.org",
        input_topic="refund",
        input_amount="49,90",
        input_order_number="",
    )
    response = signed_in("olga").post("/items/new/", sent)
    item = WorkItem.objects.get()
    assert (response.status_code, response["Location"]) == (302, f"/items/{item.code}/")
    assert (item.title, item.priority, item.requester_email, item.trigger_kind) == (
        "Refund",
        2,
        "kim@example.org",
        "form",
    )
    assert (item.trigger_by, item.channel) == ("olga", "web")
    rows = FactRevision.objects.filter(item=item, name__startswith="input.").order_by("seq")
    assert {row.name: row.value for row in rows} == {
        "input.topic": "refund",
        "input.amount": {"amount": "49.90", "currency": "EUR"},
    }


def test_the_desk_finds_out_the_type_when_none_is_chosen(desk: TestDesk, signed_in: SignedIn) -> None:
    assert signed_in("olga").post("/items/new/", form(text="Hello there")).status_code == 302
    item = WorkItem.objects.get()
    assert (item.work_type, item.title) == (None, "Hello there")
    decide()
    assert fresh(item).state == "in_review"


def test_the_inputs_of_a_type_come_alone_for_the_page(signed_in: SignedIn) -> None:
    page = signed_in("olga").get("/items/new/?type=support", headers={"HX-Request": "true"}).content.decode()
    assert page.lstrip().startswith('<div id="request-inputs"')
    assert 'name="input_order_number"' in page
    assert "only when Topic is refund" in page
    without = signed_in("olga").get("/items/new/?type=", headers={"HX-Request": "true"}).content.decode()
    assert "input_" not in without


def test_without_javascript_a_button_shows_the_inputs_and_keeps_what_was_typed(signed_in: SignedIn) -> None:
    response = signed_in("olga").post("/items/new/", form(type="support", title="Refund", show="inputs"))
    page = response.content.decode()
    assert (response.status_code, WorkItem.objects.count()) == (200, 0)
    assert 'value="Refund"' in page
    assert 'name="input_topic"' in page


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"text": ""}, "Write what is needed."),
        ({"requester_email": "kim"}, "Enter a valid email address."),
        ({"type": "nothing"}, "Select a valid choice."),
        ({"type": "support", "input_amount": "a lot"}, "Refund amount"),
        ({"priority": "now"}, "Select a valid choice."),
    ],
)
def test_what_cannot_be_used_is_explained_and_kept(signed_in: SignedIn, wrong: dict[str, object], words: str) -> None:
    response = signed_in("olga").post("/items/new/", form(title="My title") | wrong)
    page = response.content.decode()
    assert response.status_code == 422
    assert words in page
    assert 'value="My title"' in page
    assert WorkItem.objects.count() == 0


def test_sending_a_form_twice_makes_one_item(signed_in: SignedIn) -> None:
    client = signed_in("olga")
    first, again = client.post("/items/new/", form()), client.post("/items/new/", form())
    assert first["Location"] == again["Location"]
    assert WorkItem.objects.count() == 1


def test_a_double_click_makes_one_item(signed_in: SignedIn) -> None:
    barrier, statuses = threading.Barrier(4), list[int]()

    def click(client: Client) -> None:
        barrier.wait(10)
        statuses.append(client.post("/items/new/", form()).status_code)
        connections.close_all()

    threads = [threading.Thread(target=click, args=(signed_in("olga"),)) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert statuses == [302] * 4
    assert WorkItem.objects.count() == 1


def test_the_same_form_with_other_words_is_a_conflict_that_can_be_sent_again(signed_in: SignedIn) -> None:
    client = signed_in("olga")
    client.post("/items/new/", form())
    response = client.post("/items/new/", form(text="Something else"))
    page = response.content.decode()
    assert response.status_code == 409
    assert "Something else</textarea>" in page
    assert 'name="key" value="k1"' not in page


def test_the_same_key_of_two_people_makes_two_items(signed_in: SignedIn) -> None:
    for name in ("olga", "rene"):
        signed_in(name).post("/items/new/", form())
    assert WorkItem.objects.count() == 2


def test_a_type_for_others_is_not_offered(desk: TestDesk, signed_in: SignedIn) -> None:
    WorkType.objects.get(slug="support").visible_to.add(Group.objects.create(name="few"))
    client = signed_in("olga")
    assert 'value="support"' not in client.get("/items/new/").content.decode()
    assert client.post("/items/new/", form(type="support")).status_code == 422


def test_files_are_kept_under_their_hash_and_come_back_as_downloads(signed_in: SignedIn) -> None:
    page = SimpleUploadedFile("..\\evil/<b>page</b>.html", b"<script>1</script>", content_type="text/html")
    client = signed_in("olga")
    assert client.post("/items/new/", form(files=[page])).status_code == 302
    file = Attachment.objects.get()
    assert (file.name, file.size, file.content.name) == ("b>.html", 18, f"files/{file.item_id}/{file.sha256}")
    response = client.get(f"/items/{file.item.code}/files/{file.pk}/")
    assert response.content == b"<script>1</script>"
    assert response["Content-Type"] == "application/octet-stream"
    assert response["Content-Disposition"] == 'attachment; filename="b>.html"'
    assert response["X-Content-Type-Options"] == "nosniff"
    assert response["Content-Security-Policy"] == "default-src 'none'; sandbox"


def test_a_file_is_found_under_its_own_item_only(desk: TestDesk, signed_in: SignedIn) -> None:
    one, other = desk.send("One"), desk.send("Other")
    [file] = attaching.attach(item_id=one.pk, files=[SimpleUploadedFile("a.txt", b"a")], by="olga")
    assert signed_in("olga").get(f"/items/{other.code}/files/{file.pk}/").status_code == 404
    assert signed_in("olga").get(f"/items/{one.code}/files/{file.pk + 1}/").status_code == 404


def test_too_many_or_too_large_files_are_refused_with_the_request(
    signed_in: SignedIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = signed_in("olga")
    many = [SimpleUploadedFile(f"{number}.txt", b"x") for number in range(attaching.MOST_FILES + 1)]
    response = client.post("/items/new/", form(files=many))
    assert (response.status_code, "At most 10 files." in response.content.decode()) == (422, True)
    monkeypatch.setattr(attaching, "MOST_BYTES", 10)
    response = client.post("/items/new/", form(files=[SimpleUploadedFile("big.txt", b"x" * 11)]))
    assert (response.status_code, "big.txt is larger than" in response.content.decode()) == (422, True)
    monkeypatch.setattr(attaching, "MOST_BYTES_PER_ITEM", 15)
    two = [SimpleUploadedFile(f"{number}.txt", b"x" * 9) for number in range(2)]
    assert client.post("/items/new/", form(files=two)).status_code == 422
    assert (WorkItem.objects.count(), Attachment.objects.count()) == (0, 0)


def test_a_file_can_answer_an_input(desk: TestDesk, signed_in: SignedIn) -> None:
    support = WorkType.objects.get(slug="support")
    InputField.objects.create(work_type=support, name="photo", label="Photo", kind="file", position=9)
    sent = form(type="support", input_photo=SimpleUploadedFile("parcel.jpg", b"x"))
    assert signed_in("olga").post("/items/new/", sent).status_code == 302
    assert FactRevision.objects.get(name="input.photo").value == "parcel.jpg"
    assert Attachment.objects.get().name == "parcel.jpg"
