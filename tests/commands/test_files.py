"""``manage.py train_router`` and ``load_items``: files in, reports out."""

import csv
import io
import re
from collections.abc import Sequence
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from dispatchdesk.models import Moment, mark
from reviews.models import Queue, Review
from routing.models import FactRevision, RouterModel, WorkItem
from tests.desks import TestDesk, decide
from tests.router.labelled_requests import LABELS, OUTSIDE, STRANGERS, TEXTS

pytestmark = pytest.mark.django_db(transaction=True)

SUGGESTED = {
    "when": {"fact": "router.confidence", "op": "at_least", "value": 0.5},
    "then": {"do": "go", "to": ["router.destination"]},
}


def table(path: Path, columns: Sequence[str], rows: Sequence[Sequence[str]]) -> Path:
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([columns, *rows])
    return path


def labelled(directory: Path) -> Path:
    rows = [*zip(TEXTS, LABELS, strict=True), *((text, OUTSIDE) for text in STRANGERS)]
    return table(directory / "labelled.csv", ["request", "place"], rows)


def run(*arguments: object) -> str:
    out = io.StringIO()
    call_command(*map(str, arguments), stdout=out, stderr=out)
    return out.getvalue()


def train(path: Path, *more: str) -> str:
    return run("train_router", path, "--text", "request", "--label", "place", "--out-of-scope", OUTSIDE, *more)


def load(path: Path, *more: str) -> str:
    return run("load_items", path, "--text", "text", *more)


def refusal(*arguments: object) -> str:
    with pytest.raises(CommandError) as error:
        run(*arguments)
    assert "\n" not in str(error.value)
    return str(error.value)


def test_training_makes_the_queues_it_suggests_and_reports(tmp_path: Path) -> None:
    report = train(labelled(tmp_path), "--make-queues")
    assert "Trained on 48 requests with 4 labels" in report
    assert "right label:" in report
    assert "Made 4 queues" in report
    assert {queue.slug: queue.staff_role for queue in Queue.objects.all()} == {
        "marketing": "reviewer",
        "reporting": "reviewer",
        "support": "reviewer",
        "website": "reviewer",
        "triage": "operator",
    }
    assert (RouterModel.objects.get().labels, RouterModel.objects.get().rows) == (
        ["marketing", "reporting", "support", "website"],
        48,
    )
    assert "Made" not in train(labelled(tmp_path), "--make-queues")
    assert (Queue.objects.count(), RouterModel.objects.count()) == (5, 2)


def test_training_says_which_labels_lead_nowhere(tmp_path: Path) -> None:
    desk = TestDesk()
    desk.queue("support")
    desk.work_type("website")
    assert "No destination or work type is called marketing, reporting" in train(labelled(tmp_path))


def test_labels_in_words_are_called_by_slugs(tmp_path: Path) -> None:
    in_words = {"support": "Billing team", OUTSIDE: "Something else"}
    rows = [[text, in_words.get(label, label)] for text, label in zip(TEXTS, LABELS, strict=True)]
    rows += [[text, "Something else"] for text in STRANGERS]
    path = table(tmp_path / "words.csv", ["request", "place"], rows)
    arguments = (path, "--text", "request", "--label", "place", "--out-of-scope", "Something else")
    assert "billing-team" in run("train_router", *arguments, "--make-queues")
    assert RouterModel.objects.get().labels == ["billing-team", "marketing", "reporting", "website"]
    assert Queue.objects.get(destination__slug="billing-team").destination.name == "Billing team"
    TestDesk().rules(None, SUGGESTED)
    loaded = run("load_items", path, "--text", "request", "--expect", "place", "--wait")
    assert re.search("Of those where expected: [1-9]", loaded)
    both = table(tmp_path / "both.csv", ["request", "place"], [["a", "C"], ["b", "C++"], ["c", "c"]])
    assert "“C++” and “c” would both be called “c”." in refusal(
        "train_router", both, "--text", "request", "--label", "place"
    )


def test_labels_that_cannot_name_a_queue_leave_everything_as_it_was(tmp_path: Path) -> None:
    path = table(tmp_path / "a.csv", ["request", "place"], [[f"{t} x", "信用卡"] for t in TEXTS] + [["b", "b"]])
    asked = ("train_router", path, "--text", "request", "--label", "place", "--make-queues")
    assert "“信用卡” cannot name a queue" in refusal(*asked)
    assert (Queue.objects.count(), RouterModel.objects.count()) == (0, 0)


def test_a_file_that_cannot_be_used_is_told_in_one_line(tmp_path: Path) -> None:
    good = table(tmp_path / "good.csv", ["text", "label"], [["hello", "a"], ["bye", "a"]])
    latin = tmp_path / "latin.csv"
    latin.write_bytes("text,label\ncafé,a\n".encode("latin-1"))
    empty = tmp_path / "empty.csv"
    empty.touch()
    columns = ("--text", "text", "--label", "label")
    assert "cannot be read" in refusal("train_router", tmp_path / "none.csv", *columns)
    assert "cannot be read" in refusal("train_router", tmp_path, *columns)
    assert "not in UTF-8" in refusal("train_router", latin, *columns)
    assert "has no column “text”" in refusal("train_router", empty, *columns)
    assert "at least two different labels" in refusal("train_router", good, *columns)
    assert "has no column “words”. Its columns are: text, label" in refusal("load_items", good, "--text", "words")
    assert "has no column “place”" in refusal("load_items", good, "--text", "text", "--expect", "place")
    assert "NAME=COLUMN" in refusal("load_items", good, "--text", "text", "--input", "order")
    assert not WorkItem.objects.exists()


def test_loaded_requests_settle_and_are_compared_with_what_was_expected(tmp_path: Path) -> None:
    train(labelled(tmp_path), "--make-queues")
    TestDesk().rules(None, SUGGESTED)
    rows = [*zip(TEXTS, LABELS, strict=True), *((text, OUTSIDE) for text in STRANGERS)]
    path = table(tmp_path / "requests.csv", ["text", "place"], rows)
    report = load(path, "--expect", "place", "--wait")
    assert "48 received, 0 had been received before, 0 refused." in report
    assert not WorkItem.objects.filter(state__in=["incoming", "working"]).exists()
    tasks = Review.objects.filter(kind="assigned").count()
    right = sum(
        review.queue.slug == dict(rows)[review.item.text]
        for review in Review.objects.filter(kind="assigned").select_related("item", "queue__destination")
    )
    assert 0 < tasks <= 48
    assert f"By themselves: {tasks} of 48" in report
    assert f"Of those where expected: {right} " in report
    assert f"To a person: {48 - tasks} " in report
    assert sum(int(count) for count in re.findall(r"^  (?:sent|a person).*: (\d+)$", report, re.MULTILINE)) == 48


def test_loading_again_takes_nothing_twice(tmp_path: Path) -> None:
    path = table(tmp_path / "a.csv", ["text"], [["one"], ["two"], ["one"]])
    assert "3 received, 0 had" in load(path)
    assert "0 received, 3 had been received before" in load(path)
    table(path, ["text"], [["one"], ["changed"], ["one"], ["new"]])
    report = load(path)
    assert "1 received, 2 had been received before, 1 refused." in report
    assert "row 2: a file of this name had other words in this row" in report
    other = table(tmp_path / "b.csv", ["text"], [["one"]])
    assert "1 received" in load(other)
    assert WorkItem.objects.count() == 5


def test_columns_give_title_type_and_inputs(tmp_path: Path) -> None:
    TestDesk().work_type("support", {"name": "amount", "kind": "money", "currency": "EUR"})
    rows = [["Cup", "broken", "12.50 EUR"], ["Pot", "late", ""], ["Lid", "lost", "lots"]]
    path = table(tmp_path / "a.csv", ["subject", "text", "sum"], rows)
    report = load(path, "--title", "subject", "--type", "support", "--input", "amount=sum")
    assert "2 received, 0 had been received before, 1 refused." in report
    assert "row 3:" in report
    assert [(item.title, item.trigger_kind, item.trigger_by) for item in WorkItem.objects.order_by("pk")] == [
        ("Cup", "file", "a.csv"),
        ("Pot", "file", "a.csv"),
    ]
    [amount] = FactRevision.objects.filter(name="input.amount")
    assert (amount.item.title, amount.value) == ("Cup", {"amount": "12.50", "currency": "EUR"})


def test_waiting_without_a_worker_says_so_when_only_one_can_go_on(tmp_path: Path) -> None:
    desk = TestDesk()
    desk.queue("triage", staff_role="operator")
    desk.destination("look", "tool", via="http", method="GET", url="https://example.org/")
    desk.rules(None, {"when": {"all": []}, "then": {"do": "go", "to": ["look"]}})
    path = table(tmp_path / "a.csv", ["text"], [["one"], ["two"]])
    assert "2 wait for a worker, and none runs" in refusal("load_items", path, "--text", "text", "--wait")


def test_waiting_leaves_the_deciding_to_a_worker_that_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    TestDesk().queue("triage", staff_role="operator")
    mark(Moment.WORKER)
    slept: list[float] = []

    def worker_decides_meanwhile(seconds: float) -> None:
        slept.append(seconds)
        decide()

    monkeypatch.setattr("dispatchdesk.management.commands.load_items.time.sleep", worker_decides_meanwhile)
    load(table(tmp_path / "a.csv", ["text"], [["one"]]), "--wait")
    assert slept == [0.5]
    assert WorkItem.objects.get().state == "in_review"
