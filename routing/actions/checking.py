"""Checks a rulebook file as publishing would: what stands in its way, and examples that come to another answer."""

from collections.abc import Iterator
from dataclasses import dataclass

from routing.domain import bookfile, rulefile
from routing.domain.answers import answer_to_json
from routing.domain.bookfile import BookFile
from routing.domain.catalogue import Catalogue
from routing.domain.factfile import write_facts
from routing.models import Example, Rulebook, RulebookVersion
from routing.queries import desk as desk_queries
from routing.queries.examples import result_of
from routing.queries.findings import version_findings

ERROR, WARNING = "error", "warning"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing to mend: a JSON pointer into the file, a sentence, and whether it is an error or a warning."""

    pointer: str
    detail: str
    level: str = ERROR


def check_book(book: BookFile, work_type_id: int | None) -> tuple[Finding, ...]:
    """Return what is found about this file here; its examples are tried once nothing else keeps it from publishing."""
    row = Rulebook.objects.filter(work_type_id=work_type_id).first() or Rulebook(work_type_id=work_type_id)
    draft = RulebookVersion(rulebook=row, number=0, content=rulefile.write(book.rules))
    found = tuple(Finding(one.pointer, one.detail, one.level) for one in version_findings(draft))
    if any(finding.level == ERROR for finding in found):
        return found
    return (*found, *_red_examples(book, desk_queries.load().catalogue(work_type_id)))


def check_form(book: BookFile) -> tuple[Finding, ...]:
    """Return what is wrong with a file whatever desk it is for; its examples are not tried."""
    return tuple(Finding(problem.pointer, problem.detail) for problem in bookfile.form_problems(book.rules))


def _red_examples(book: BookFile, catalogue: Catalogue) -> Iterator[Finding]:
    for index, example in enumerate(book.examples):
        row = Example(
            name=example.name,
            facts=write_facts(example.facts),
            done=list(example.done),
            at=example.at,
            expected=answer_to_json(example.expected),
        )
        result = result_of(row, book.rules, catalogue)
        if not result.green:
            detail = f"“{example.name}” comes out otherwise. {result.actual} Expected: {result.expected}"
            yield Finding(f"/examples/{index}", detail)
