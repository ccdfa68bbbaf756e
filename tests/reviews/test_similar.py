"""Beside a review stand the most alike requests before it, with what people decided on them."""

import pytest
from django.test import Client

from reviews.queries.similar import SHOWN, similar
from routing.models import WorkItem
from tests.reviews.conftest import ALWAYS, Bench

TEXTS = ("The teapot arrived broken", "Where is my parcel", "My teapot lid arrived broken too", "An invoice please")


def decided(bench: Bench, *texts: str, comment: str = "") -> list[WorkItem]:
    """Receive requests with these texts and finish each as a task."""
    items = [bench.item(text, title=text) for text in texts]
    for item in items:
        bench.decide_as(item, "complete", comment=comment)
    return items


@pytest.fixture
def tasks(bench: Bench) -> Bench:
    bench.desk.rules("support", {"when": ALWAYS, "then": {"do": "go", "to": ["support"]}})
    return bench


def test_the_most_alike_come_first_with_what_was_decided_and_why(tasks: Bench) -> None:
    broken, _, lid, _ = decided(tasks, *TEXTS, comment="Sent a new one")
    now = tasks.review(tasks.item("A broken teapot arrived", title="A broken teapot arrived"))
    found = similar(now)
    assert [one.code for one in found] == [broken.code, lid.code]
    assert (found[0].words, found[0].who, found[0].comment) == ("Done", "ana", "Sent a new one")


def test_few_are_shown_and_none_of_the_request_itself_or_of_open_ones(tasks: Bench) -> None:
    decided(tasks, *["The same words"] * (SHOWN + 2))
    item = tasks.item("The same words", title="The same words")
    tasks.item("The same words", title="The same words")
    found = similar(tasks.review(item))
    assert len(found) == SHOWN
    assert item.code not in {one.code for one in found}


def test_another_queue_s_and_another_type_s_reviews_are_not_alike(tasks: Bench) -> None:
    decided(tasks, "The same words")
    tasks.desk.work_type("other")
    tasks.desk.rules("other", {"when": ALWAYS, "then": {"do": "go", "to": ["support"]}})
    assert similar(tasks.review(tasks.item("The same words", type="other"))) == []
    tasks.desk.rules("support", {"when": ALWAYS, "then": {"do": "go", "to": ["finance"]}})
    assert similar(tasks.review(tasks.item("The same words"))) == []


def test_the_workbench_shows_them(tasks: Bench) -> None:
    [before] = decided(tasks, "The same words", comment="As always")
    review = tasks.review(tasks.item("The same words"))
    client = Client()
    client.force_login(tasks.desk.people["ana"])
    page = client.get(f"/reviews/{review.pk}/").content.decode()
    assert "Requests like this" in page
    assert f"/items/{before.code}/" in page
    assert "As always" in page
