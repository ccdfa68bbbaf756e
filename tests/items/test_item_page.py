"""The page of an item: what it shows, to whom, and in how many queries."""

from collections.abc import Callable

from django.test import Client

from tests.desks import TestDesk, decide

SignedIn = Callable[[str], Client]


def test_the_page_shows_facts_inputs_and_why(desk: TestDesk, signed_in: SignedIn) -> None:
    item = desk.send("Where is K-10234?", type="support", requester_email="kim@example.org", requester_name="Kim")
    decide()
    page = signed_in("olga").get(f"/items/{item.code}/").content.decode()
    assert '<mark title="Order number was read from here">K-10234</mark>' in page
    assert "Asked the requester" in page
    assert "Rule 2, “Look it up” of Support v1 needs Topic" in page
