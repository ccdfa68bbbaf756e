"""Checks a rulebook file as publishing would: what stands in its way, and examples that come to another answer."""

from collections.abc import Iterator
from dataclasses import dataclass

from routing.actions import publishing
from routing.domain import bookfile, rulefile
from routing.domain.answers import Answer, follow
from routing.domain.bookfile import BookFile, FiledExample
from routing.domain.catalogue import Catalogue
from routing.models import Rulebook, RulebookVersion
from routing.queries import desk as desk_queries

ERROR, WARNING = "error", "warning"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing to mend: a JSON pointer into the file, a sentence, and whether it is an error or a warning."""

    pointer: str
    detail: str
    level: str = ERROR


def check_book(book: BookFile, work_type_id: int | None) -> tuple[Finding, ...]:
    """Return all that keeps this file from being published here; its examples are tried once nothing else does."""
    row = Rulebook.objects.filter(work_type_id=work_type_id).first() or Rulebook(work_type_id=work_type_id)
    draft = RulebookVersion(rulebook=row, number=0, content=rulefile.write(book.rules))
    found = tuple(Finding(fault.pointer, fault.detail) for fault in publishing.draft_faults(draft))
    if found:
        return found
    return tuple(_red_examples(book, desk_queries.load().catalogue(work_type_id)))


def check_form(book: BookFile) -> tuple[Finding, ...]:
    """Return what is wrong with a file whatever desk it is for; its examples are not tried."""
    return tuple(Finding(problem.pointer, problem.detail) for problem in bookfile.form_problems(book.rules))


def _red_examples(book: BookFile, catalogue: Catalogue) -> Iterator[Finding]:
    for index, example in enumerate(book.examples):
        answer = _answer(example, book, catalogue)
        if answer != example.expected:
            detail = f"“{example.name}” comes to: {_words(answer)}. Expected: {_words(example.expected)}."
            yield Finding(f"/examples/{index}", detail)


def _answer(example: FiledExample, book: BookFile, catalogue: Catalogue) -> Answer | None:
    newest = max((fact.seq for fact in example.facts.values()), default=0)
    return follow(
        example.facts,
        book.rules,
        catalogue,
        fired=dict.fromkeys(example.done, newest),
        escalated={},
        now=example.at,
        position=newest,
    ).answer


def _words(answer: Answer | None) -> str:
    if answer is None:
        return "no end"
    parts = {
        "": ", then ".join(answer.to),
        "approved by ": answer.approved_by,
        "queue ": answer.queue,
        "asks for ": ", ".join(answer.needs),
    }
    return ", ".join([answer.kind, *(f"{before}{part}" for before, part in parts.items() if part)])
