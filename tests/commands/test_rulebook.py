"""``manage.py rulebook``: files out and in, checked and published, with exit codes that a program can rely on."""

import io
import json
import os
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from routing.actions.drafting import start_draft
from routing.domain import rulefile
from routing.domain.roles import DESK, Role
from routing.models import Example, Rulebook, RulebookVersion, WorkType
from tests.desks import TestDesk, decide

pytestmark = pytest.mark.django_db

AMOUNT = {"name": "amount", "label": "Refund amount", "kind": "money", "currency": "EUR"}
OVER = {"fact": "input.amount", "op": "over", "value": {"amount": "200", "currency": "EUR"}}
TO_FINANCE = {"when": OVER, "then": {"do": "escalate", "queue": "finance", "reason": "It is a lot"}}
FINISH = {"then": {"do": "finish"}}
LARGE = {
    "name": "A large refund",
    "facts": {"input.amount": {"amount": "250", "currency": "EUR"}},
    "at": "2026-03-31T09:00:00Z",
    "expected": {"kind": "review", "queue": "finance"},
}


@pytest.fixture
def desk() -> TestDesk:
    made = TestDesk()
    made.queue("triage", staff_role="operator")
    made.queue("finance")
    made.person("staff", Role.REVIEWER, queues=("triage", "finance"))
    return made


@pytest.fixture
def support(desk: TestDesk) -> WorkType:
    row = desk.work_type("support", AMOUNT)
    desk.rules("support", TO_FINANCE, FINISH)
    return row


def run(*arguments: object) -> str:
    out = io.StringIO()
    call_command("rulebook", *map(str, arguments), stdout=out, stderr=io.StringIO())
    return out.getvalue()


def failure(*arguments: object) -> tuple[int, str, str]:
    """Return exit code, standard output and standard error of a call that does not succeed."""
    out, err = io.StringIO(), io.StringIO()
    with pytest.raises(CommandError) as error:
        call_command("rulebook", *map(str, arguments), stdout=out, stderr=err)
    return error.value.returncode, out.getvalue(), f"{err.getvalue()}{error.value}"


def book_file(directory: Path, **more: Any) -> Path:
    rules = [{"id": "r1", **TO_FINANCE}, {"id": "r2", **FINISH}]
    data = {"rulebook": "support", "format": 1, "fallback_queue": "triage", "rules": rules, "examples": [LARGE]}
    path = directory / "support.json"
    path.write_text(json.dumps(data | more), encoding="utf-8")
    return path


def draft() -> RulebookVersion:
    return RulebookVersion.objects.get(status="draft")


def test_what_was_exported_is_imported_as_the_same_rules(support: WorkType, tmp_path: Path) -> None:
    Example.objects.create(
        rulebook=support.rulebook,
        name="A large refund",
        facts=LARGE["facts"],
        at=datetime(2026, 3, 31, 9, tzinfo=UTC),
        expected=LARGE["expected"],
        created_at=datetime(2026, 3, 31, 9, tzinfo=UTC),
    )
    for name in ("a.yaml", "a.json"):
        assert run("export", "support", "--output", tmp_path / name) == ""
        said = run("import", tmp_path / name, "--replace-draft")
        assert "is a draft of 2 rules. Examples: 0 added, 0 updated." in said
        live = RulebookVersion.objects.get(status="published")
        assert rulefile.read(draft().content) == rulefile.read(live.content)
    assert run("export", "support") == (tmp_path / "a.yaml").read_text(encoding="utf-8")
    assert run("export", "support", "--draft") == run("export", "support", "--version", "1")
    assert json.loads(run("export", "support", "--format", "json"))["examples"] == [LARGE]


def test_first_look_has_a_file_too(desk: TestDesk, tmp_path: Path) -> None:
    desk.rules(None, FINISH)
    path = tmp_path / "first.yaml"
    run("export", "first-look", "--output", path)
    assert "Version 2 of First look is a draft of 1 rule." in run("import", path)
    assert draft().rulebook.work_type is None


def test_a_draft_is_only_replaced_when_told_so(support: WorkType, tmp_path: Path) -> None:
    before = start_draft(actor=DESK, work_type_id=support.pk)
    path = book_file(tmp_path, rules=[{"id": "new", **FINISH}])
    code, out, err = failure("import", path, "--format", "json")
    assert (code, json.loads(out)["ok"]) == (3, False)
    assert "There is a draft of Support already. Nothing was changed." in err
    before.refresh_from_db()
    assert (before.revision, len(before.content["rules"])) == (1, 2)
    assert not Example.objects.exists()
    done = json.loads(run("import", path, "--replace-draft", "--format", "json"))
    assert done == {
        "ok": True,
        "rulebook": "support",
        "version": 2,
        "revision": 2,
        "rules": 1,
        "examples_added": 1,
        "examples_updated": 0,
        "problems": [],
    }
    assert [rule["id"] for rule in draft().content["rules"]] == ["new"]


def test_an_example_of_the_same_name_is_updated(support: WorkType, tmp_path: Path) -> None:
    run("import", book_file(tmp_path))
    other = book_file(tmp_path, examples=[LARGE | {"expected": {"kind": "finish"}}])
    assert "0 added, 1 updated" in run("import", other, "--replace-draft")
    assert Example.objects.get().expected == {"kind": "finish"}


def test_check_says_what_keeps_a_file_from_being_published(support: WorkType, tmp_path: Path) -> None:
    path = book_file(tmp_path)
    assert run("check", path) == "2 rules, 1 example tried, 0 errors.\n"
    rule = {"id": "r1", "then": {"do": "go", "to": ["nowhere"]}}
    code, out, _ = failure("check", book_file(tmp_path, rules=[rule]), "--format", "json")
    assert (code, json.loads(out)["problems"]) == (
        1,
        [{"pointer": "/rules/0/then/to/0", "detail": "There is no destination “nowhere”.", "level": "error"}],
    )
    code, _, err = failure("check", book_file(tmp_path, examples=[LARGE | {"expected": {"kind": "finish"}}]))
    assert code == 1
    red = "“A large refund” comes out otherwise. Finance decides: It is a lot. Expected: It is finished."
    assert f"/examples/0: {red}" in err
    code, _, err = failure("check", book_file(tmp_path, rulebook="website"))
    assert (code, "There is no rulebook “website” here." in err) == (1, True)
    assert not RulebookVersion.objects.filter(status="draft").exists()


def test_check_reads_a_rulebook_of_the_desk_and_its_draft(support: WorkType, tmp_path: Path) -> None:
    assert run("check", "support") == "2 rules, 0 examples tried, 0 errors.\n"
    assert failure("check", "support", "--draft")[0] == 3
    run("import", book_file(tmp_path, fallback_queue="gone"))
    code, _, err = failure("check", "support", "--draft")
    assert (code, "/fallback_queue: There is no queue “gone”." in err) == (1, True)


def test_rules_that_did_their_part_in_an_example_are_passed_over(support: WorkType, tmp_path: Path) -> None:
    done = LARGE | {"done": ["r1"], "expected": {"kind": "finish"}}
    assert "0 errors" in run("check", book_file(tmp_path, examples=[done]))


def test_publishing_names_who_did_it(desk: TestDesk, support: WorkType, tmp_path: Path) -> None:
    desk.person("ada", Role.ADMIN)
    run("import", book_file(tmp_path, rules=[{"id": "r1", **FINISH}], examples=[]), "--as", "ada")
    assert draft().created_by == desk.people["ada"]
    assert run("publish", "support", "--note", "Simpler", "--as", "ada") == "Version 2 of Support is live.\n"
    live = RulebookVersion.objects.get(status="published")
    assert (live.number, live.note, live.published_by) == (2, "Simpler", desk.people["ada"])
    run("import", book_file(tmp_path))
    run("publish", "support", "--note", "As before")
    live = RulebookVersion.objects.get(status="published")
    assert (live.number, live.note, live.published_by) == (3, "As before (from the command line)", None)


def test_what_cannot_be_published_or_done_is_refused_with_its_code(
    desk: TestDesk, support: WorkType, tmp_path: Path
) -> None:
    desk.person("olga", Role.OPERATOR)
    assert failure("publish", "support", "--note", "x")[0] == 3
    run("import", book_file(tmp_path, fallback_queue="gone"))
    code, out, err = failure("publish", "support", "--note", "x", "--format", "json")
    assert (code, json.loads(out)["problems"][0]["pointer"]) == (1, "/fallback_queue")
    assert "These rules cannot be published yet." in err
    assert failure("publish", "support", "--note", " ")[0] == 1
    assert failure("publish", "support", "--note", "x", "--as", "olga")[0] == 3
    assert failure("publish", "support", "--note", "x", "--as", "nobody")[0] == 2
    assert failure("import", book_file(tmp_path), "--replace-draft", "--as", "olga")[0] == 3
    assert failure("export", "nothing")[0] == 2
    assert failure("export", "support", "--version", "9")[0] == 3
    assert failure("export", "support", "--output", tmp_path)[0] == 2
    assert Rulebook.objects.get().versions.get(status="published").number == 1


def test_files_that_cannot_be_read_are_told_from_wrong_ones(support: WorkType, tmp_path: Path) -> None:
    path = tmp_path / "a.yaml"
    assert failure("import", path)[0] == 2
    assert failure("check", tmp_path)[0] == 2
    path.write_text("rules: [\n", encoding="utf-8")
    code, out, err = failure("check", path, "--format", "json")
    assert code == 2
    assert json.loads(out)["problems"][0]["detail"].startswith("Line 2, column 1: this is no YAML")
    assert "a.yaml cannot be read." in err
    path.write_text("rules: 3", encoding="utf-8")
    code, out, _ = failure("import", path, "--format", "json")
    places = [one["pointer"] for one in json.loads(out)["problems"]]
    assert (code, places) == (1, ["/rulebook", "/format", "/rules", "/fallback_queue"])
    code, _, err = failure("import", book_file(tmp_path, rulebook="website"))
    assert (code, "There is no rulebook “website”. The rulebooks are: first-look, support." in err) == (2, True)
    assert "of Support is a draft" in run("import", book_file(tmp_path, rulebook="website"), "--rulebook", "support")


def test_a_pipeline_without_a_database_checks_the_form(tmp_path: Path) -> None:
    environment = os.environ | {
        "DJANGO_SETTINGS_MODULE": "dispatchdesk.settings",
        "DATABASE_URL": "postgresql://nobody@127.0.0.1:1/none",
        "DESK_DATA": str(tmp_path),
    }

    def check(path: Path) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "manage.py", "rulebook", "check", str(path), "--no-desk", "--format", "json"]
        return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60, check=False)

    good = check(book_file(tmp_path))
    assert (good.returncode, good.stderr, json.loads(good.stdout)["ok"]) == (0, "", True)
    twice = check(book_file(tmp_path, rules=[{"id": "r1", **FINISH}, {"id": "r1", **FINISH}]))
    assert (twice.returncode, json.loads(twice.stdout)["problems"][0]["pointer"]) == (1, "/rules/1/id")
    assert "Traceback" not in twice.stderr


def test_a_desk_that_cannot_be_reached_is_not_mistaken_for_rules_to_mend(tmp_path: Path) -> None:
    nowhere = {"DESK_DATA": str(tmp_path), "DATABASE_URL": "postgresql://desk@127.0.0.1:1/none"}
    command = [sys.executable, "manage.py", "rulebook", "check", "support"]
    done = subprocess.run(command, env=os.environ | nowhere, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 2
    assert "can't be reached" in done.stderr


def test_a_draft_is_followed_over_what_was_decided(desk: TestDesk, support: WorkType, tmp_path: Path) -> None:
    desk.send("Refund 250 EUR", type="support")
    decide()
    run("import", book_file(tmp_path, rules=[{"id": "r2", **FINISH}], examples=[]))
    told = json.loads(run("backtest", "support", "--last", "100", "--format", "json"))
    assert (told["ok"], told["compared"], told["elsewhere"], told["not_followed"]) == (True, 1, 1, 0)
    assert run("publish", "support", "--note", "Simpler") == "Version 2 of Support is live.\n"


def test_publishing_without_a_back_test_needs_a_reason(desk: TestDesk, support: WorkType, tmp_path: Path) -> None:
    desk.send("Refund 250 EUR", type="support")
    decide()
    run("import", book_file(tmp_path))
    code, _, err = failure("publish", "support", "--note", "Same")
    assert (code, "Run a back-test of this draft" in err) == (1, True)
    run("publish", "support", "--note", "Same", "--reason", "nothing changes")
    live = RulebookVersion.objects.get(status="published")
    assert live.note == "Same (from the command line)\n\nWithout a fresh back-test: nothing changes"
