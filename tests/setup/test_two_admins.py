"""Two admins on one draft: the second is told who changed what, and overwrites nothing."""

import pytest
from django.test import Client

from routing.domain.roles import Role
from routing.models import DraftSave, WorkType
from tests.desks import TestDesk
from tests.setup.rule_forms import (
    draft_of,
    rule_post,
    rules_of,
    start,
    support_desk,
)

pytestmark = pytest.mark.django_db


@pytest.fixture
def support(desk: TestDesk) -> WorkType:
    return support_desk(desk)


def test_a_stale_rule_form_is_refused_and_its_text_kept(support: WorkType, admin: Client) -> None:
    start(admin)
    post = rule_post(support, because="typed by me")
    admin.post("/rulebooks/support/draft/rules/r2/change/", {"action": "switch", "revision": draft_of(support).stamp})
    answer = admin.post("/rulebooks/support/draft/rules/r2/", post)
    page = answer.content.decode()
    assert answer.status_code == 409
    assert " saved this draft since you opened it" in page
    assert 'value="typed by me"' in page
    assert rules_of(support)[1].get("because", "") == ""
    again = post | {"revision": answer.context["stamp"]}
    assert admin.post("/rulebooks/support/draft/rules/r2/", again).status_code == 302
    assert rules_of(support)[1]["because"] == "typed by me"


def test_who_changed_what_meanwhile_is_shown_to_the_second_admin(
    support: WorkType, admin: Client, desk: TestDesk
) -> None:
    start(admin)
    seen, other = draft_of(support).stamp, Client()
    desk.person("ada", Role.ADMIN)
    other.force_login(desk.people["ada"])
    for action in ("switch", "up"):
        change = {"action": action, "revision": draft_of(support).stamp}
        assert other.post("/rulebooks/support/draft/rules/r2/change/", change).status_code == 302
    refused = {
        "list": admin.post("/rulebooks/support/draft/rules/r1/change/", {"action": "delete", "revision": seen}),
        "rule": admin.post("/rulebooks/support/draft/rules/r1/", rule_post(support) | {"revision": seen}),
        "publishing": admin.post("/rulebooks/support/draft/publish/", {"note": "mine", "revision": seen}),
    }
    for answer in refused.values():
        page = answer.content.decode()
        assert answer.status_code == 409
        assert "ada saved this draft since you opened it" in page
        assert "(switched off)" in page
        assert "moves from place" in page
    assert "What saving yours would change in the rule" in refused["rule"].content.decode()
    assert [rule["id"] for rule in rules_of(support)] == ["r2", "r1"]


def test_a_page_of_a_draft_that_was_thrown_away_changes_no_newer_one(support: WorkType, admin: Client) -> None:
    start(admin)
    post = rule_post(support, because="of the old draft")
    assert admin.post("/rulebooks/support/draft/discard/").status_code == 302
    start(admin)
    answer = admin.post("/rulebooks/support/draft/rules/r2/", post)
    assert answer.status_code == 409
    assert "This is another draft than the one that you opened" in answer.content.decode()
    assert rules_of(support)[1].get("because", "") == ""


def test_what_others_saved_is_kept_only_while_it_is_a_draft(support: WorkType, admin: Client) -> None:
    start(admin)
    post = {"note": "As agreed", "revision": draft_of(support).stamp}
    assert DraftSave.objects.count() == 1
    assert admin.post("/rulebooks/support/draft/publish/", post).status_code == 302
    assert not DraftSave.objects.exists()


def test_a_draft_that_changed_meanwhile_is_not_published_unseen(support: WorkType, admin: Client) -> None:
    start(admin)
    seen = draft_of(support).stamp
    admin.post("/rulebooks/support/draft/rules/r2/change/", {"action": "switch", "revision": seen})
    answer = admin.post("/rulebooks/support/draft/publish/", {"note": "kept note", "revision": seen})
    assert answer.status_code == 409
    assert "kept note</textarea>" in answer.content.decode()
    assert draft_of(support).status == "draft"
