"""The workbench's pages as plain forms: what is shown, what is kept, and that looking changes nothing."""

import html
import re
from typing import Any

import pytest
from django.contrib.auth.models import Group
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from reviews.actions import claiming
from reviews.models import Membership, Review
from routing.actions import answering, moving, noting
from routing.domain.roles import Actor, Role
from routing.models import Letter, Note, Step
from tests.desks import fresh
from tests.reviews.conftest import ALWAYS, DRAFT, DRAFT_FIRST, Bench, after, approve_write
from tests.reviews.test_figures import client_of
from tests.reviews.test_judging import stopped_at

DRAFT_FIELD = "draft:steps.reply.output.text"


def browser_of(bench: Bench, who: str = "ana") -> Client:
    client = Client()
    client.force_login(bench.desk.people[who])
    return client


def url(name: str, review: Review) -> str:
    return reverse(f"reviews:{name}", args=[review.pk])


def form_of(page: str) -> dict[str, str]:
    """Return what a browser would send from the decision form, textareas included."""
    form = page[page.index('<form id="decide"') :]
    form = form[: form.index("</form>")]
    found = {}
    for tag in re.findall(r"<input[^>]*>", form):
        name, value = re.search(r'name="([^"]*)"', tag), re.search(r'value="([^"]*)"', tag)
        if name and 'type="checkbox"' not in tag:
            found[name[1]] = html.unescape(value[1]) if value else ""
    for name, text in re.findall(r'<textarea[^>]*name="([^"]*)"[^>]*>\n?(.*?)</textarea>', form, re.DOTALL):
        found[name] = html.unescape(text)
    return {name: text.replace("\n", "\r\n") for name, text in found.items()}


def test_the_list_is_in_the_order_in_which_reviews_are_served(bench: Bench) -> None:
    bench.desk.rules("support", {"when": ALWAYS, "then": {"do": "go", "to": ["support"]}})
    for text in ("First K-1", "Second K-2", "Third K-3"):
        bench.item(text)
    page = browser_of(bench).get(reverse("reviews:home")).content.decode()
    assert re.findall(r'class="bench-row-item truncate">(\w+)', page) == ["First", "Second", "Third"]
    assert "Take the next" in page
    assert "First K-1" not in browser_of(bench).get(reverse("reviews:home") + "?queue=finance").content.decode()


def test_an_empty_queue_says_what_to_do_next(bench: Bench) -> None:
    assert "Nothing waits for a decision" in browser_of(bench).get(reverse("reviews:home")).content.decode()
    Membership.objects.all().delete()
    assert "You are in no queue" in browser_of(bench).get(reverse("reviews:home")).content.decode()


def test_looking_changes_nothing(bench: Bench) -> None:
    item = stopped_at(bench, "calls")
    review = bench.review(item)
    before = Review.objects.filter(pk=review.pk).values().get()
    page = browser_of(bench).get(url("review", review)).content.decode()
    assert "Take it" in page
    assert "Approve and send" not in page
    assert Review.objects.filter(pk=review.pk).values().get() == before
    for name in ("take", "renew", "give_back", "decide", "undo", "preview"):
        assert browser_of(bench).get(url(name, review)).status_code == 405


@pytest.mark.parametrize("kind", ["route", "output", "calls", "continue", "facts", "retry", "task"])
def test_every_kind_of_proposal_can_be_read_taken_and_given_back(bench: Bench, kind: str) -> None:
    review = bench.review(stopped_at(bench, kind))
    client = browser_of(bench, "ada")
    assert client.get(url("review", review)).status_code == 200
    page = client.post(url("take", review), follow=True).content.decode()
    assert "Yours for" in page
    back = client.post(url("give_back", review), form_of(page), follow=True)
    assert f"Gave {review.item.code} back" in back.content.decode()
    assert Review.objects.get(pk=review.pk).claimed_by is None


def test_an_approval_shows_the_next_review_already_taken_and_can_be_undone(bench: Bench) -> None:
    item = stopped_at(bench, "calls")
    other = bench.item("Another K-2")
    client = browser_of(bench)
    page = client.post(reverse("reviews:next"), follow=True).content.decode()
    answer = client.post(url("decide", bench.review(item)), form_of(page) | {"verdict": "approve"}, follow=True)
    shown = answer.content.decode()
    assert answer.redirect_chain == [(url("review", bench.review(other)), 303)]
    assert bench.review(other).claimed_by_id == bench.people["ana"].user_id
    assert re.search(r"<strong>Approved</strong> D-\d+\. It is sent in", shown)
    assert fresh(item).state == "working"
    review = Review.objects.get(item=item)
    undone = client.post(url("undo", review), follow=True)
    assert "Nothing was sent" in undone.content.decode()
    assert fresh(item).state == "in_review"


def test_an_undone_fix_is_still_typed_in(bench: Bench) -> None:
    review = bench.claim(stopped_at(bench, "calls"))
    client = browser_of(bench)
    fixed = DRAFT.replace("Kim", "Ms Okafor")
    form = form_of(client.get(url("review", review)).content.decode())
    client.post(url("decide", review), form | {"verdict": "correct", DRAFT_FIELD: fixed})
    page = client.post(url("undo", review), follow=True).content.decode()
    again = form_of(page)
    assert again[DRAFT_FIELD] == fixed.replace("\n", "\r\n")
    assert "What you changed" in page
    client.post(url("decide", review), again | {"verdict": "correct"})
    assert [one.correction for one in review.verdicts.order_by("pk")] == [{"drafts": {DRAFT_FIELD[6:]: fixed}}] * 2


def test_the_request_is_drawn_as_it_is_stored_with_hidden_characters_shown(bench: Bench) -> None:
    bench.desk.rules("support", {"when": ALWAYS, "then": approve_write("refund")})
    item = bench.item("K-1")
    review = bench.claim(item)
    review.proposal["calls"][0]["body"] = '{"note":"pay \u202egnp.exe\u200b <b>now</b>"}'
    review.save(update_fields=["proposal"])
    page = browser_of(bench).get(url("review", review)).content.decode()
    assert '<span class="hidden-char" title="U+202E right-to-left override">U+202E</span>gnp.exe' in page
    assert "U+200B zero width space" in page
    assert "&lt;b&gt;now&lt;/b&gt;" in page
    assert "<b>now</b>" not in page


def test_a_preview_shows_changes_word_by_word_and_the_request_with_them(bench: Bench) -> None:
    review = bench.claim(stopped_at(bench, "calls"))
    client = browser_of(bench)
    given = form_of(client.get(url("review", review)).content.decode())
    given[DRAFT_FIELD] = DRAFT.replace("Kim", "Ms Okafor")
    headers = {"HX-Request": "true", "HX-Target": "preview"}
    part = client.post(url("preview", review), given, headers=headers).content.decode()
    assert part.lstrip().startswith('<div id="preview"')
    assert re.search(r"<del>.*Kim.*</del><ins>.*Ms Okafor.*</ins>", part)
    assert "Hello Ms Okafor, your refund" in html.unescape(part)
    whole = client.post(url("preview", review), given).content.decode()
    assert form_of(whole)[DRAFT_FIELD] == given[DRAFT_FIELD]
    assert bench.review(review.item).proposal == review.proposal


def test_a_changed_text_is_not_sent_by_the_button_that_says_approve(bench: Bench) -> None:
    review = bench.claim(stopped_at(bench, "calls"))
    client = browser_of(bench)
    given = form_of(client.get(url("review", review)).content.decode())
    given[DRAFT_FIELD] = "Sorry."
    answer = client.post(url("decide", review), given | {"verdict": "approve"})
    assert answer.status_code == 422
    assert form_of(answer.content.decode())[DRAFT_FIELD] == "Sorry."
    client.post(url("decide", review), given | {"verdict": "correct"})
    assert '"note":"Sorry."' in Step.objects.get(item=review.item, name="refund").request["body"]  # type: ignore[index]


def test_a_lost_claim_keeps_the_text_and_names_who_has_it(bench: Bench) -> None:
    review = bench.claim(stopped_at(bench, "calls"))
    client = browser_of(bench)
    given = form_of(client.get(url("review", review)).content.decode())
    given[DRAFT_FIELD] = "My better words."
    Review.objects.filter(pk=review.pk).update(lease_expires_at=review.claimed_at)
    theirs = bench.claim(review.item, "ben")
    answer = client.post(url("decide", review), given | {"verdict": "correct"})
    page = answer.content.decode()
    assert answer.status_code == 409
    assert "ben is looking at this" in page
    assert "My better words." in page
    claiming.release(actor=bench.people["ben"], review_id=review.pk, epoch=theirs.epoch)
    again = client.post(url("take", review), given)
    assert again.status_code == 200
    assert form_of(again.content.decode())[DRAFT_FIELD] == "My better words."
    assert (
        client.post(url("decide", review), form_of(again.content.decode()) | {"verdict": "correct"}).status_code == 303
    )


def test_who_comes_second_reads_who_was_first_and_keeps_the_text(bench: Bench) -> None:
    review = bench.claim(stopped_at(bench, "calls"))
    client = browser_of(bench)
    given = form_of(client.get(url("review", review)).content.decode())
    given[DRAFT_FIELD] = "My better words."
    Review.objects.filter(pk=review.pk).update(lease_expires_at=review.claimed_at)
    bench.decide_as(review.item, "approve", "ben")
    answer = client.post(url("decide", review), given | {"verdict": "correct"})
    page = answer.content.decode()
    assert answer.status_code == 409
    assert "ben was first: approved" in page
    assert "My better words." in page
    assert "Take the next" in page


def test_a_proposal_that_changed_is_shown_anew_and_only_what_was_typed_is_kept(bench: Bench) -> None:
    review = bench.claim(stopped_at(bench, "calls"))
    client = browser_of(bench)
    given = form_of(client.get(url("review", review)).content.decode())
    new = dict(review.proposal) | {"drafts": {"steps.reply.output.text": "A newer draft."}}
    Review.objects.filter(pk=review.pk).update(proposal=new, digest="f" * 64)
    answer = client.post(url("decide", review), given | {"verdict": "approve"})
    shown = form_of(answer.content.decode())
    assert (answer.status_code, shown[DRAFT_FIELD], shown["digest"]) == (409, "A newer draft.", "f" * 64)
    answer = client.post(url("decide", review), given | {"verdict": "correct", DRAFT_FIELD: "Typed."})
    assert (answer.status_code, form_of(answer.content.decode())[DRAFT_FIELD]) == (409, "Typed.")


@pytest.mark.parametrize(
    ("kind", "given", "field"),
    [
        ("calls", {"verdict": "reject"}, "decline_reason"),
        ("calls", {"verdict": "reassign", "reassign_note": "please"}, "reassign_to"),
        ("route", {"verdict": "approve"}, "where"),
        ("facts", {"verdict": "correct"}, "input:order_number"),
        ("calls", {"verdict": "ask"}, "ask_note"),
    ],
)
def test_what_is_missing_is_said_at_its_field(bench: Bench, kind: str, given: dict[str, Any], field: str) -> None:
    review = bench.claim(stopped_at(bench, kind), "ada")
    client = browser_of(bench, "ada")
    form = form_of(client.get(url("review", review)).content.decode())
    answer = client.post(url("decide", review), form | given)
    assert answer.status_code == 422
    assert list(answer.context["form"].errors) == [field]
    assert fresh(review.item).state == "in_review"


def test_a_form_sent_without_a_button_says_which_to_use(bench: Bench) -> None:
    review = bench.claim(stopped_at(bench, "task"))
    client = browser_of(bench)
    answer = client.post(url("decide", review), form_of(client.get(url("review", review)).content.decode()))
    assert answer.status_code == 422
    page = answer.content.decode()
    assert "Use one of the buttons below" in page
    assert "verdict;" not in page


def test_a_route_is_chosen_and_facts_are_filled_in_by_form(bench: Bench) -> None:
    routed = bench.claim(stopped_at(bench, "route"), "ada")
    client = browser_of(bench, "ada")
    form = form_of(client.get(url("review", routed)).content.decode())
    client.post(url("decide", routed), form | {"verdict": "approve", "where": "destination:finance"})
    assert bench.review(routed.item).queue.slug == "finance"
    facts = bench.claim(stopped_at(bench, "facts"), "ada")
    form = form_of(client.get(url("review", facts)).content.decode())
    client.post(url("decide", facts), form | {"verdict": "correct", "input:order_number": "K-55"})
    assert facts.item.facts.get(name="input.order_number").value == "K-55"


def test_a_task_offers_the_results_that_rules_read(bench: Bench) -> None:
    checked = {"fact": "reviews.support.result.checked", "op": "is", "value": "yes"}
    bench.desk.rules(
        "support",
        {"when": checked, "then": {"do": "finish"}},
        {"when": ALWAYS, "then": {"do": "go", "to": ["support"]}},
    )
    item = bench.item("K-1")
    review = bench.claim(item)
    client = browser_of(bench)
    form = form_of(client.get(url("review", review)).content.decode())
    assert "result:checked" in form
    client.post(url("decide", review), form | {"verdict": "complete", "result:checked": "yes"})
    assert bench.go_on(item).state == "done"


def test_a_claim_is_renewed_and_a_lost_one_says_so(bench: Bench) -> None:
    review = bench.claim(stopped_at(bench, "task"))
    client = browser_of(bench)
    Review.objects.filter(pk=review.pk).update(lease_expires_at=review.claimed_at)
    answer = client.post(url("renew", review), {"epoch": review.epoch})
    assert (answer.status_code, "ran out" in answer.json()["message"]) == (409, True)
    again = bench.claim(review.item)
    assert client.post(url("renew", review), {"epoch": again.epoch}).json()["seconds_left"] > 590


def test_a_lead_takes_over_with_a_button(bench: Bench) -> None:
    review = bench.claim(stopped_at(bench, "task"))
    assert "Take over" not in browser_of(bench, "ben").get(url("review", review)).content.decode()
    assert "Take over from ana" in browser_of(bench, "ada").get(url("review", review)).content.decode()
    browser_of(bench, "ada").post(url("take", review), {"takeover": "1", "takeover_note": "Ana is ill"})
    assert bench.review(review.item).claimed_by_id == bench.people["ada"].user_id


def test_passing_on_leads_to_the_next_one(bench: Bench) -> None:
    bench.desk.rules("support", {"when": ALWAYS, "then": {"do": "go", "to": ["support"]}})
    first, second = bench.item("One K-1"), bench.item("Two K-2")
    client = browser_of(bench)
    page = client.post(reverse("reviews:next"), follow=True).content.decode()
    answer = client.post(url("give_back", bench.review(first)), form_of(page) | {"pass_on": "1"}, follow=True)
    assert answer.redirect_chain == [(url("review", bench.review(second)), 303)]
    assert "not offered to you again" in answer.content.decode()


def test_the_evidence_says_where_each_fact_came_from_and_why_it_is_asked(bench: Bench) -> None:
    bench.desk.rules("support", DRAFT_FIRST, after("reply", approve_write("refund")))
    item = bench.item("Please refund K-10234 <script>alert(1)</script>")
    page = browser_of(bench).get(url("review", bench.review(item))).content.decode()
    words = " ".join(html.unescape(re.sub(r"<[^>]+>", " ", page)).split())
    assert "K-10234 read from the request" in words
    assert "rule 2 of Support v1" in words
    assert "<script>alert(1)" not in page


def test_a_note_is_added_from_the_review_and_stays_inside(bench: Bench) -> None:
    review, client = bench.review(stopped_at(bench, "calls")), browser_of(bench)
    noting.add_note(actor=bench.people["olu"], item_id=review.item_id, text="It is on its way.", public=True)
    letters = Letter.objects.filter(kind="note").count()
    added = client.post(url("add_note", review) + "?queue=support", {"text": "Call\r\nfirst.", "public": "yes"})
    assert (added.status_code, added["Location"]) == (303, url("review", review) + "?queue=support#notes")
    section = client.get(url("review", review)).content.decode().partition('id="notes"')[2].partition("<form")[0]
    words = " ".join(re.sub(r"<[^>]+>", " ", section).split())
    assert re.search(r"It is on its way\. olu, .* Sent to the requester Call first\. ana, [^S]*$", words)
    assert Letter.objects.filter(kind="note").count() == letters


@pytest.mark.parametrize("headers", [{}, {"HX-Request": "true", "HX-Target": "notes"}])
@pytest.mark.parametrize(("text", "words"), [(" ", "Write something first."), ("x" * 10_001, "This text has 10001.")])
def test_a_note_that_cannot_be_kept_stays_typed_in(
    bench: Bench, headers: dict[str, str], text: str, words: str
) -> None:
    review = bench.review(stopped_at(bench, "calls"))
    answer = browser_of(bench).post(url("add_note", review), {"text": text}, headers=headers)
    page = answer.content.decode()
    assert (answer.status_code, words in page, f"{text}</textarea>" in page) == (422, True, True)
    assert ("<html" in page) is not bool(headers)
    assert not Note.objects.exists()


def test_a_review_takes_as_many_queries_for_one_note_as_for_five(bench: Bench) -> None:
    review, client = bench.review(stopped_at(bench, "calls")), browser_of(bench)

    def queries() -> int:
        noting.add_note(actor=bench.people["olu"], item_id=review.item_id, text="Again")
        with CaptureQueriesContext(connection) as captured:
            client.get(url("review", review))
        return len(captured)

    queries()
    assert len({queries() for _ in range(4)}) == 1


def test_a_review_of_a_type_one_may_not_see_does_not_exist(bench: Bench) -> None:
    item = stopped_at(bench, "task")
    review = bench.review(item)
    assert item.work_type is not None
    item.work_type.visible_to.add(Group.objects.create(name="few"))
    for name in ("take", "decide", "undo", "renew", "give_back", "add_note"):
        assert browser_of(bench).post(url(name, review)).status_code == 404
    assert browser_of(bench).get(url("review", review)).status_code == 404


def test_the_list_takes_as_many_queries_for_one_review_as_for_ten(bench: Bench) -> None:
    bench.desk.rules("support", {"when": ALWAYS, "then": {"do": "go", "to": ["support"]}})
    client = browser_of(bench)

    def queries() -> int:
        with CaptureQueriesContext(connection) as captured:
            client.get(reverse("reviews:home"))
        return len(captured)

    bench.item("K-1")
    queries()
    with_one = queries()
    for _ in range(9):
        bench.item("K-1")
    assert queries() == with_one


def test_what_was_sent_before_for_the_request_is_said_before_it_is_sent_again(bench: Bench) -> None:
    bench.desk.rules(
        "support", {"when": ALWAYS, "then": approve_write("refund")}, {"when": ALWAYS, "then": {"do": "finish"}}
    )
    item = bench.item()
    client = client_of(bench, "ana")
    first = client.get(f"/reviews/{bench.review(item).pk}/").content.decode()
    bench.decide_as(item, "approve")
    item = bench.let_it_leave(item)
    moving.move(actor=bench.people["olu"], item_id=item.pk, to="state:incoming")
    item = bench.go_on(item)

    again = client.get(f"/reviews/{bench.review(item).pk}/").content.decode()

    assert "for this request before" not in first
    assert "Refund was sent for this request before" in again


def test_what_the_requester_answered_in_their_own_words_stands_beside_the_review(bench: Bench) -> None:
    item = stopped_at(bench, "calls")
    bench.decide_as(item, "ask", comment="Which colour was the set?")
    requester = Actor(Role.REQUESTER, "Kim")
    answering.answer(actor=requester, item_id=item.pk, given={}, text="It was blue.")
    item = bench.go_on(item)

    page = client_of(bench, "ana").get(f"/reviews/{bench.review(item).pk}/").content.decode()

    assert "It was blue." in page
