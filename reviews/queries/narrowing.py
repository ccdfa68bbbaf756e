"""What a person narrows the list of reviews to: a queue, a type, a rule, why a person is asked."""

from dataclasses import dataclass
from urllib.parse import urlencode

from django.db.models import QuerySet

from reviews.models import Review
from routing.queries.desk import Desk

LOOKED_AT = 500  # waiting reviews from whom the choices are taken
CAUSES = {
    "approval": "Something is sent",
    "escalated": "A rule asks people",
    "assigned": "Work to do",
    "missing": "Something is missing",
    "unavailable": "Something could not be had",
    "no_rule": "No rule decides",
    "failed": "A step did not work",
    "unknown_outcome": "Nobody knows whether it went through",
    "changed": "What was approved has changed",
    "declined": "Somebody declined to go on",
    "circles": "It goes in circles",
    "limit": "It was moved too often",
    "error": "The rules could not be applied",
    "spot_check": "Drawn to be looked at afterwards",
    "reported": "Somebody reported a problem",
}
NO_TYPE = "-"


@dataclass(frozen=True, slots=True)
class Narrowing:
    """A queue and a type by their slugs (``-``: no type yet), a rule as ``TYPE:ID``, and a cause; empty for all."""

    queue: str = ""
    type: str = ""
    rule: str = ""
    cause: str = ""

    def given(self) -> list[tuple[str, str]]:
        """Return what is chosen as (name, value), as an address or a form carries it."""
        pairs = [("queue", self.queue), ("type", self.type), ("rule", self.rule), ("cause", self.cause)]
        return [pair for pair in pairs if pair[1]]

    @property
    def query(self) -> str:
        """The end of an address that keeps the list narrowed; empty for all."""
        return f"?{urlencode(self.given())}" if self.given() else ""

    @property
    def more(self) -> int:
        """How many of type, rule and cause are chosen."""
        return sum(bool(part) for part in (self.type, self.rule, self.cause))

    def types(self) -> list[str]:
        """Return the slugs of the types that both the type and the rule ask for; more than one fit no review."""
        return sorted({part for part in (self.type, self.rule.partition(":")[0]) if part})

    @property
    def rule_id(self) -> str:
        """The rule's id alone."""
        return self.rule.partition(":")[2]

    def on(self, rows: QuerySet[Review]) -> QuerySet[Review]:
        """Return those of these reviews that fit."""
        if self.queue:
            rows = rows.filter(queue__destination__slug=self.queue)
        for slug in self.types():
            rows = (
                rows.filter(item__work_type__isnull=True)
                if slug == NO_TYPE
                else rows.filter(item__work_type__slug=slug)
            )
        if self.rule_id:
            rows = rows.filter(rule_id=self.rule_id)
        return rows.filter(cause=self.cause) if self.cause else rows


@dataclass(frozen=True, slots=True)
class Choices:
    """What the list can be narrowed to, as (value, words)."""

    types: list[tuple[str, str]]
    rules: list[tuple[str, str]]
    causes: list[tuple[str, str]]


def choices(rows: QuerySet[Review], chosen: Narrowing, desk: Desk) -> Choices:
    """Return what the first ``LOOKED_AT`` of these waiting reviews differ in, and what is chosen. One query."""
    found = rows.values_list("item__work_type__slug", "rule_id", "cause")[:LOOKED_AT]
    types, rules, causes = set(chosen.types()), {chosen.rule} - {""}, {chosen.cause} - {""}
    for slug, rule_id, cause in found:
        types.add(slug or NO_TYPE)
        causes.add(cause)
        if rule_id:
            rules.add(f"{slug or NO_TYPE}:{rule_id}")
    return Choices(
        sorted(((slug, _type_words(slug, desk)) for slug in types), key=_words),
        sorted(((rule, _rule_words(rule, desk)) for rule in rules), key=_words),
        sorted(((cause, CAUSES.get(cause, cause.replace("_", " ").capitalize())) for cause in causes), key=_words),
    )


def _words(choice: tuple[str, str]) -> str:
    return choice[1].casefold()


def _type_words(slug: str, desk: Desk) -> str:
    if slug == NO_TYPE:
        return "No type yet"
    return desk.types[slug].name if slug in desk.types else slug


def _rule_words(rule: str, desk: Desk) -> str:
    """Return a rule's name with its type; one that is no longer live is called by its id."""
    slug, _, rule_id = rule.partition(":")
    row = desk.types.get(slug)
    book = desk.book(row.pk if row else None)
    numbered = enumerate(book.rules.rules, start=1)
    name = next(
        (one.name or f"rule {number}" for number, one in numbered if one.id == rule_id), f"earlier rule {rule_id}"
    )
    return f"{_type_words(slug, desk)}: {name}"
