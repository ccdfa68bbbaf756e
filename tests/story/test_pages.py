"""Every page, as every role sees it: usable by everybody, on a phone too, and without an error in the console."""

from collections.abc import Iterator
from typing import Literal
from urllib.parse import urlsplit

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.urls import Resolver404, resolve
from playwright.sync_api import Page, expect

from tests.story.conftest import PracticeDesk, Visit, Visitor

pytestmark = [pytest.mark.browser, pytest.mark.timeout(900)]

# Addresses that only answer POST, files, the API's own pages and Django's admin, which are not ours to draw.
NOT_PAGES = {
    "routing:file",
    "routing:export_rulebook",
    "routing:rulebook_schema",
    "insights:download_queue",
    "insights:download_place",
    "insights:download_weeks",
    "item_reviews:others",  # says nothing without the query that its links have
    "logout",
    "switch_role",
}
OTHERS = ("/admin/", "/api/", "/static/", "/healthz")
MOST_OF_A_KIND = {"routing:destination": 3, "routing:edit_destination": 3}


def faults(page: Page) -> list[str]:
    """What is wrong with a page just opened: light on a screen, then anew, dark on a phone."""
    found = looked_at(page, "light 1440")
    look(page, "dark", 390)
    page.reload()  # or colours may be on their way to others, without contrast for a moment
    found += looked_at(page, "dark 390")
    look(page, "light", 1440)
    return found


def look(page: Page, scheme: Literal["light", "dark"], width: int) -> None:
    """Give the page these colours and this width."""
    page.emulate_media(color_scheme=scheme)
    page.set_viewport_size({"width": width, "height": 900})


def looked_at(page: Page, how: str) -> list[str]:
    """What is wrong with the page as it is now, with all that can be opened open."""
    page.evaluate("document.querySelectorAll('main details').forEach((one) => (one.open = true))")
    where = f"{urlsplit(page.url).path} {how}"
    violations = Axe().run(page).response["violations"]
    found = [f"{where}: {one['id']} {node['target']}" for one in violations for node in one["nodes"]]
    if page.evaluate("document.documentElement.scrollWidth > window.innerWidth"):
        found.append(f"{where}: scrolls sideways")
    return found


# Links in pictures have no plain href of their own.
LINKS = "[...document.querySelectorAll('a[href]')].map((a) => new URL(a.getAttribute('href'), document.baseURI).href)"


def links(page: Page) -> Iterator[tuple[str, str]]:
    """The addresses of ours that the page leads to, each with the name of its kind of page."""
    for link in page.evaluate(LINKS):
        parts = urlsplit(link)
        if parts.netloc != urlsplit(page.url).netloc or parts.path.startswith(OTHERS):
            continue
        try:
            kind = resolve(parts.path).view_name
        except Resolver404:
            pytest.fail(f"{page.url} leads to {parts.path}, which is not there")
        if kind not in NOT_PAGES:
            yield parts.path, kind


def walk(visitor: Visitor, *starts: str) -> tuple[dict[str, int], list[str]]:
    """Follow links until no new kind of page is found; returns how many were seen of each kind, and what is wrong."""
    page = visitor.open("/")
    pending, queued, seen, wrong = list(starts), set(starts), dict[str, int](), list[str]()
    while pending:
        path = pending.pop(0)
        kind = resolve(urlsplit(path).path).view_name
        if seen.get(kind, 0) >= MOST_OF_A_KIND.get(kind, 1):
            continue
        seen[kind] = seen.get(kind, 0) + 1
        answer = page.goto(f"{visitor.url}{path}")
        assert answer is not None
        if answer.status != 200:
            wrong.append(f"{path}: {answer.status}")
        fresh = [found for found, _ in links(page) if found not in queued]
        queued.update(fresh)
        pending += dict.fromkeys(fresh)
        wrong += faults(page)
    page.close()
    return seen, wrong


def test_pages_of_an_admin(visit: Visit) -> None:
    seen, wrong = walk(
        visit("admin"), "/", "/items/new/?type=support", "/outbox/", "/rulebooks/support/versions/1/try/"
    )
    assert not wrong, "\n".join(wrong)
    assert {
        "board",
        "reviews:home",
        "routing:item",
        "routing:move",
        "routing:fill_in",
        "routing:new_item",
        "routing:outbox",
        "routing:rulebooks",
        "routing:rulebook",
        "routing:rulebook_version",
        "routing:try_rules",
        "routing:draft",
        "routing:new_rule",
        "routing:edit_rule",
        "routing:settings",
        "routing:destinations",
        "routing:destination",
        "routing:edit_destination",
        "routing:new_destination",
        "routing:work_types",
        "routing:work_type",
        "routing:edit_type",
        "routing:new_type",
        "routing:new_input",
        "routing:edit_input",
        "queues:list",
        "queues:queue",
        "queues:edit",
        "queues:new",
        "queues:calendars",
        "queues:new_calendar",
        "people:list",
        "people:new",
        "people:edit",
        "people:own_password",
        "people:own_sign_in",
        "requests:page",
        "saved_views",
        "notices:list",
        "notices:settings",
        "insights:home",
        "insights:queue",
        "insights:place",
        "item_reviews:account",
    } - set(seen) == set()


def test_pages_of_operators_and_reviews_of_each_kind(desk: PracticeDesk, visit: Visit) -> None:
    desk.send("task", type="support", title="The spout drips", text="Order K-10246. Is there a guarantee?")
    desk.send("facts", type="support", title="Nobody to ask", text="I want a refund.")
    desk.send("escalation", type="support", title="My lawyer", text="A refund for K-10247, or my lawyer writes.")
    wrong = []
    olivia, ravi = visit("operator"), visit("reviewer")
    board = olivia.board()
    board.locator("#column-waiting .card-title").first.click()
    expect(board.locator("#drawer")).to_contain_text("Latest moves")
    wrong += faults(board)
    for visitor, titles in (
        (olivia, ("A question before I decide", "Nobody to ask")),
        (ravi, ("Refund for my order", "New page /care-guide", "The spout drips", "My lawyer")),
    ):
        page = visitor.open("/reviews/")
        wrong += faults(page)
        for title in titles:
            page.goto(f"{visitor.url}/reviews/")
            page.locator(".bench-row", has_text=title).get_by_role("link").click()
            expect(page.locator("h1")).not_to_have_text("Reviews")
            page.reload()
            wrong += faults(page)
            take = page.get_by_role("button", name="Take it")
            if take.is_visible():  # another test of this desk may have left it with the same person
                take.click()
            expect(page.get_by_text("Yours for")).to_be_visible()
            wrong += faults(page)
    for path, status in (("/items/D-9999999/", 404), ("/settings/destinations/new/tool/", 403)):
        page = olivia.context.new_page()
        answer = page.goto(f"{desk.url}{path}")
        assert answer is not None
        assert answer.status == status
        wrong += faults(page)
    assert not wrong, "\n".join(wrong)


def test_pages_of_people_without_an_account(desk: PracticeDesk, visit: Visit) -> None:
    mia, olivia = visit(), visit("operator")
    outbox = olivia.open("/outbox/")
    asked = outbox.locator(".letter", has_text="My parcel has not arrived").locator("a[href*='/r/']").first
    pages = ["/sign-in/", "/r/nothing/", asked.get_attribute("href") or ""]
    wrong = [fault for path in pages for fault in faults(mia.open(path))]
    assert not wrong, "\n".join(wrong)
