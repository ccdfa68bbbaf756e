"""Rulebooks as people read them: sentences, faults, versions, and what a draft changes."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from difflib import SequenceMatcher
from types import MappingProxyType

from routing.domain import rulefile
from routing.domain.catalogue import Catalogue
from routing.domain.differences import Part, word_diff
from routing.domain.faults import RuleError
from routing.domain.roles import Actor
from routing.domain.rules import All, AnyOf, Condition, Go, Rule
from routing.domain.rules import Rulebook as Rules
from routing.domain.sentences import rule_sentence
from routing.models import RulebookVersion, WorkType
from routing.queries.rule_reports import RuleReport

FIRST_LOOK = "first-look"  # the slug of the rulebook without a type; no work type may have it


@dataclass(frozen=True, slots=True)
class BookLine:
    """One rulebook of the list: its slug and name, its live version and its draft, if any."""

    slug: str
    name: str
    description: str
    type_id: int | None
    live: RulebookVersion | None
    draft: RulebookVersion | None
    rule_count: int


@dataclass(frozen=True, slots=True)
class RuleLine:
    """One rule as a sentence, with the texts that it hands over, and how it has done (None: not asked for)."""

    number: int
    rule: Rule
    sentence: str
    texts: tuple[tuple[str, str], ...]
    report: RuleReport | None = None


@dataclass(frozen=True, slots=True)
class RuleChange:
    """How a draft differs from the live version in one rule; ``before`` and ``after`` are sentences, or empty."""

    kind: str
    before: str
    after: str

    @property
    def parts(self) -> list[Part]:
        """The change word by word."""
        return word_diff(self.before, self.after)


def books(actor: Actor) -> list[BookLine]:
    """Return First look and the rulebook of each type this person may see, those without a version included."""
    versions = RulebookVersion.objects.exclude(status=RulebookVersion.RETIRED).select_related("published_by")
    by_type: dict[tuple[int | None, str], RulebookVersion] = {
        (version.rulebook.work_type_id, version.status): version for version in versions.select_related("rulebook")
    }
    types = [row for row in WorkType.objects.all() if actor.may_see_type(row.pk)]
    first = "Serves requests that have no type yet."
    named: list[tuple[str, str, str, int | None]] = [(FIRST_LOOK, "First look", first, None)]
    named.extend((row.slug, row.name, row.description, row.pk) for row in types)
    return [
        BookLine(
            slug,
            name,
            description,
            type_id,
            by_type.get((type_id, RulebookVersion.PUBLISHED)),
            by_type.get((type_id, RulebookVersion.DRAFT)),
            _count(by_type.get((type_id, RulebookVersion.PUBLISHED))),
        )
        for slug, name, description, type_id in named
    ]


def _count(version: RulebookVersion | None) -> int:
    return len(version.content.get("rules", [])) if version else 0


def find_book(actor: Actor, slug: str) -> BookLine | None:
    """Return the rulebook of this slug when its type is visible to the actor."""
    return next((line for line in books(actor) if line.slug == slug), None)


def history(type_id: int | None) -> list[RulebookVersion]:
    """Return every version of a rulebook, newest first."""
    rows = RulebookVersion.objects.filter(rulebook__work_type_id=type_id).select_related("created_by", "published_by")
    return list(rows.order_by("-number"))


def find_version(type_id: int | None, number: int) -> RulebookVersion | None:
    """Return one version of a rulebook."""
    rows = RulebookVersion.objects.filter(rulebook__work_type_id=type_id, number=number)
    return rows.select_related("rulebook__work_type", "published_by", "created_by").first()


def read_rules(version: RulebookVersion) -> Rules | None:
    """Return a version's rules; None when its content cannot be read."""
    try:
        return rulefile.read(version.content)
    except RuleError:
        return None


def rule_lines(
    rules: Rules, catalogue: Catalogue, reports: Mapping[str, RuleReport] = MappingProxyType({})
) -> list[RuleLine]:
    """Return each rule as a sentence, with its report when there is one."""
    return [
        RuleLine(
            number,
            rule,
            rule_sentence(rule, catalogue),
            rule.then.params if isinstance(rule.then, Go) else (),
            reports.get(rule.id),
        )
        for number, rule in enumerate(rules.rules, start=1)
    ]


def draft_changes(live: Rules | None, draft: Rules, catalogue: Catalogue) -> list[RuleChange]:
    """Return how a draft differs from the live rules, rule by rule, and which rules moved."""
    before = {rule.id: rule for rule in live.rules} if live else {}
    after = {rule.id: rule for rule in draft.rules}
    found = []
    for rule_id, rule in after.items():
        earlier = before.get(rule_id)
        sentence = _with_switch(rule, catalogue)
        if earlier is None:
            found.append(RuleChange("added", "", sentence))
        elif _meaning(earlier) != _meaning(rule):
            found.append(RuleChange("changed", _with_switch(earlier, catalogue), sentence))
    found.extend(
        RuleChange("removed", _with_switch(rule, catalogue), "") for key, rule in before.items() if key not in after
    )
    found.extend(_moves(before, after))
    if live and live.fallback_queue != draft.fallback_queue:
        was, now = catalogue.name_of(live.fallback_queue), catalogue.name_of(draft.fallback_queue)
        found.append(
            RuleChange("changed", f"What no rule decides goes to {was}.", f"What no rule decides goes to {now}.")
        )
    return found


def _moves(before: Mapping[str, Rule], after: Mapping[str, Rule]) -> Iterator[RuleChange]:
    """Yield the rules that moved past others, as few as explain the new order."""
    kept_before, kept_after = [key for key in before if key in after], [key for key in after if key in before]
    blocks = SequenceMatcher(None, kept_before, kept_after, autojunk=False).get_matching_blocks()
    stayed = {key for block in blocks for key in kept_before[block.a : block.a + block.size]}
    was = {key: number for number, key in enumerate(before, start=1)}
    for number, (key, rule) in enumerate(after.items(), start=1):
        if key in was and key not in stayed:
            name = f"“{rule.name}”" if rule.name else f"Rule {was[key]}"
            yield RuleChange("order", "", f"{name} moves from place {was[key]} to {number}.")


@dataclass(frozen=True, slots=True)
class Meanwhile:
    """What others saved in a draft since a page of it was opened: by whom, when last, and the rules it changed."""

    people: str
    at: datetime
    changes: list[RuleChange]


def saved_since(draft: RulebookVersion, revision: int, catalogue: Catalogue) -> Meanwhile | None:
    """Return what was saved after ``revision``; None when that revision or what came after it is not known."""
    saves = list(draft.saves.filter(revision__gte=revision).select_related("saved_by"))
    if len(saves) < 2 or saves[0].revision != revision:
        return None
    seen, later = saves[0], saves[1:]
    names = dict.fromkeys(save.saved_by.display_name() if save.saved_by else "Dispatch Desk" for save in later)
    before, now = rulefile.read(seen.content), rulefile.read(draft.content)
    return Meanwhile(" and ".join(names), later[-1].saved_at, draft_changes(before, now, catalogue))


def _meaning(rule: Rule) -> Rule:
    """Return the rule in the form in which those that say the same are equal."""
    then = replace(rule.then, params=tuple(sorted(rule.then.params))) if isinstance(rule.then, Go) else rule.then
    return replace(rule, when=_unwrapped(rule.when), then=then)


def _unwrapped(condition: Condition) -> Condition:
    if isinstance(condition, All | AnyOf) and len(condition.parts) == 1:
        return _unwrapped(condition.parts[0])
    return condition


def _with_switch(rule: Rule, catalogue: Catalogue) -> str:
    sentence = rule_sentence(rule, catalogue)
    return sentence if rule.enabled else f"{sentence} (switched off)"
