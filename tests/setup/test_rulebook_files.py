"""Rulebooks as files in the browser's terms: downloads for everybody, imports by admins, nothing overwritten unseen."""

import json
import re
from typing import Any

import pytest
from django.contrib.auth.models import Group
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from routing.actions.drafting import start_draft
from routing.actions.publishing import save_draft
from routing.domain.roles import DESK, Role
from routing.forms.bookfiles import read_book
from routing.models import Example, RulebookVersion, WorkType
from tests.desks import TestDesk
from tests.setup.conftest import SignIn

pytestmark = pytest.mark.django_db

IMPORT = "/rulebooks/support/import/"
FINISH = {"id": "r1", "then": {"do": "finish"}}
STOP = {"id": "r2", "then": {"do": "stop", "reason": "Spam"}}
EXAMPLE = {"name": "any", "facts": {}, "at": "2026-03-31T09:00:00Z", "expected": {"kind": "finish"}}


@pytest.fixture
def support(desk: TestDesk) -> WorkType:
    row = desk.work_type("support")
    desk.rules("support", {"then": {"do": "finish"}})
    return row


def text_of(*rules: dict[str, Any], **more: Any) -> str:
    data = {"rulebook": "support", "format": 1, "fallback_queue": "triage", "rules": list(rules)}
    return json.dumps(data | more)


def page(answer: Any) -> str:
    text: str = answer.content.decode()
    return text


def seen_on(answer: Any) -> str:
    found = re.search(r'name="seen" value="(\w+)"', page(answer))
    assert found
    return found[1]


def drafted() -> list[str]:
    draft = RulebookVersion.objects.filter(status="draft").first()
    return [rule["id"] for rule in draft.content["rules"]] if draft else []


@pytest.mark.parametrize(("form", "kind"), [("yaml", "application/yaml"), ("json", "application/json")])
def test_everybody_takes_a_version_out_as_a_file(support: WorkType, sign_in: SignIn, form: str, kind: str) -> None:
    answer = sign_in(Role.REVIEWER).get(f"/rulebooks/support/versions/1/export.{form}")
    assert answer.headers["Content-Type"] == f"{kind}; charset=utf-8"
    assert answer.headers["Content-Disposition"] == f'attachment; filename="support-version-1.{form}"'
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert [rule.id for rule in read_book(answer.content, name=f"a.{form}").rules.rules] == ["r1"]


def test_what_is_not_there_is_not_exported(support: WorkType, sign_in: SignIn) -> None:
    reviewer = sign_in(Role.REVIEWER)
    for address in ("support/versions/9/export.yaml", "support/versions/1/export.xml", "gone/versions/1/export.yaml"):
        assert reviewer.get(f"/rulebooks/{address}").status_code == 404


def test_a_type_that_is_hidden_is_not_exported(desk: TestDesk, support: WorkType, sign_in: SignIn) -> None:
    support.visible_to.add(Group.objects.create(name="few"))
    assert sign_in(Role.REVIEWER).get("/rulebooks/support/versions/1/export.yaml").status_code == 404


def test_the_schema_is_published(sign_in: SignIn, desk: TestDesk) -> None:
    answer = sign_in(Role.REVIEWER).get("/rulebooks/schema.json")
    assert answer.headers["Content-Type"].startswith("application/schema+json")
    assert json.loads(answer.content)["properties"]["format"]["const"] == 1


def test_only_admins_import(support: WorkType, sign_in: SignIn) -> None:
    for role in (Role.OPERATOR, Role.REVIEWER):
        person = sign_in(role)
        assert person.get(IMPORT).status_code == 403
        assert person.post(IMPORT, {"text": text_of(FINISH)}).status_code == 403
        assert "Import a file" not in page(person.get("/rulebooks/support/"))
    assert drafted() == []


def test_a_pasted_file_becomes_the_draft(support: WorkType, admin: Client) -> None:
    answer = admin.post(IMPORT, {"text": text_of(STOP, examples=[EXAMPLE])}, follow=True)
    assert answer.redirect_chain == [("/rulebooks/support/draft/", 302)]
    assert "The file is the draft of Support now: 1 rule. Examples: 1 added, 0 updated." in page(answer)
    assert drafted() == ["r2"]
    assert Example.objects.get().created_by_id == RulebookVersion.objects.get(status="draft").created_by_id


def test_an_exported_file_is_uploaded_as_it_is(support: WorkType, admin: Client) -> None:
    content = admin.get("/rulebooks/support/versions/1/export.yaml").content
    file = SimpleUploadedFile("support.yaml", content, "application/yaml")
    assert admin.post(IMPORT, {"file": file, "text": "ignored"}).status_code == 302
    assert drafted() == ["r1"]


def test_a_draft_is_shown_against_the_file_before_it_is_replaced(support: WorkType, admin: Client) -> None:
    start_draft(actor=DESK, work_type_id=support.pk)
    text = text_of(STOP, examples=[EXAMPLE])
    asked = admin.post(IMPORT, {"text": text})
    assert asked.status_code == 200
    assert "<strong>Added:</strong> <ins>Always close it, not done: Spam." in page(asked)
    assert "<strong>Deleted:</strong> <del>Always " in page(asked)
    assert "1 example of the file is added" in page(asked)
    assert (drafted(), Example.objects.count()) == (["r1"], 0)
    assert admin.post(IMPORT, {"text": text, "seen": seen_on(asked)}).status_code == 302
    assert (drafted(), Example.objects.count()) == (["r2"], 1)


def test_what_was_pasted_comes_back_letter_for_letter(support: WorkType, admin: Client) -> None:
    start_draft(actor=DESK, work_type_id=support.pk)
    text = "rulebook: support\nrules:\n- id: r2\n"
    shown = re.search(r"<textarea[^>]*>(.*?)</textarea>", page(admin.post(IMPORT, {"text": text})), re.DOTALL)
    assert shown is not None
    assert shown[1] == text


def test_nothing_is_replaced_that_was_not_shown(support: WorkType, admin: Client) -> None:
    draft = start_draft(actor=DESK, work_type_id=support.pk)
    text = text_of(STOP)
    seen = seen_on(admin.post(IMPORT, {"text": text}))
    other_text = admin.post(IMPORT, {"text": text_of(), "seen": seen})
    assert (other_text.status_code, drafted()) == (409, ["r1"])
    theirs = {"rules": [{"id": "r7", "then": {"do": "finish"}}], "fallback_queue": "triage"}
    save_draft(actor=DESK, rulebook_id=draft.rulebook_id, content=theirs, revision=1)
    again = admin.post(IMPORT, {"text": text, "seen": seen})
    assert (again.status_code, drafted()) == (409, ["r7"])
    assert "something changed since" in page(again)
    assert admin.post(IMPORT, {"text": text, "seen": seen_on(again)}).status_code == 302
    assert drafted() == ["r2"]


def test_a_file_of_another_rulebook_is_only_taken_when_confirmed(support: WorkType, admin: Client) -> None:
    text = text_of(STOP, rulebook="website")
    asked = admin.post(IMPORT, {"text": text})
    assert "The file says that it is the rulebook “website”." in page(asked)
    assert drafted() == []
    assert admin.post(IMPORT, {"text": text, "seen": seen_on(asked)}).status_code == 302
    assert drafted() == ["r2"]


def test_problems_are_named_with_their_place_and_the_text_is_kept(support: WorkType, admin: Client) -> None:
    answer = admin.post(IMPORT, {"text": "rulebook: support\nformat: 3\nrules: <b>\n"})
    assert answer.status_code == 422
    assert "<code>/format</code> The format is 1: this desk reads no other." in page(answer)
    assert "<code>/rules</code> A list is expected here." in page(answer)
    assert "<code>/fallback_queue</code>" in page(answer)
    assert "rules: &lt;b&gt;" in page(answer)
    assert drafted() == []


def test_a_problem_in_a_rule_names_the_rule_and_what_is_wrong_in_it(support: WorkType, admin: Client) -> None:
    wrong = {"name": "Big", "when": {"fact": "input.amount", "op": "bigger", "value": 1}, "then": {"do": "finish"}}
    answer = admin.post(IMPORT, {"text": text_of(FINISH, wrong)})
    assert answer.status_code == 422
    assert "Rule 2, <code>/rules/1/when/op</code> “bigger” is no comparison." in page(answer)


def test_a_draft_may_come_with_faults_that_publishing_refuses(support: WorkType, admin: Client) -> None:
    answer = admin.post(IMPORT, {"text": text_of(FINISH, fallback_queue="gone")}, follow=True)
    assert "There is no queue “gone”." in page(answer)


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"\xff\xfe\x00", "no text in UTF-8"),
        (b"\x89PNG\r\n\x1a\n\x00", "no text in UTF-8"),
        (b"a: \x00", "no YAML"),
        (b"a: &a [*a, *a]", "anchors (&amp;) and aliases"),
        (b"[" * 50_000, "no YAML"),
        (b"x: " * 900_000, "larger than 2 MB"),
        (b"", "There is nothing in it."),
        (b"!!python/object/apply:os.system [id]", "tags (!) are not read"),
        (b'{"rulebook": "\\ud800"}', "a character that is none"),
        (b"- " * 1_000, "more than 60 parts"),
        (b"a: <script>alert(1)</script>", "“a” is not known here."),
    ],
)
def test_hostile_files_are_refused_in_words(support: WorkType, admin: Client, content: bytes, says: str) -> None:
    answer = admin.post(IMPORT, {"file": SimpleUploadedFile("a", content, "text/plain")})
    assert answer.status_code == 422
    assert says in page(answer)
    assert "<script>alert" not in page(answer)
    assert drafted() == []
