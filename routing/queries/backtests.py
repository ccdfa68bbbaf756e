"""Back-tests as people read them: what came out, and whether it still holds for the draft."""

import json
from dataclasses import dataclass
from enum import StrEnum

from django.db.models import Q

from routing.domain import rulefile
from routing.domain.answers import answer_from_json
from routing.domain.bands import Bands, Flow, draw
from routing.domain.catalogue import Catalogue
from routing.domain.roles import Actor
from routing.domain.rules import Rulebook as Rules
from routing.domain.sentences import rule_sentence
from routing.domain.tally import OTHER, empty_tally
from routing.models import Backtest, Decision, RulebookVersion, WorkItem
from routing.queries.desk import Desk, published_rules, setup_digest
from routing.queries.history import has_history
from routing.queries.trials import asked_words, expected_words


class Freshness(StrEnum):
    """What a draft's newest back-test is worth.

    FRESH: done on this draft, these live rules and destinations. STALE: any of them changed since. NO_HISTORY: nothing
    was decided yet that it could be run on.
    """

    FRESH = "fresh"
    STALE = "stale"
    RUNNING = "running"
    NONE = "none"
    NO_HISTORY = "no_history"


@dataclass(frozen=True, slots=True)
class Standing:
    """A draft's newest back-test (None: there is none) and what it is worth."""

    freshness: Freshness
    backtest: Backtest | None


def standing_of(draft: RulebookVersion, desk: Desk) -> Standing:
    """Return what the newest back-test of the draft's rulebook says about the draft as it is."""
    rows = Backtest.objects.filter(rulebook_id=draft.rulebook_id).defer("content", "tally")
    ended_for_nothing = Q(status__in=[Backtest.CANCELLED, Backtest.FAILED]) | Q(status=Backtest.DONE, total=0)
    newest = rows.exclude(ended_for_nothing).order_by("-pk").first()
    if newest is None:
        known = has_history(draft.rulebook_id)
        return Standing(Freshness.NONE if known else Freshness.NO_HISTORY, None)
    if newest.status != Backtest.DONE:
        return Standing(Freshness.RUNNING, newest)
    return Standing(Freshness.FRESH if is_fresh(newest, draft, desk) else Freshness.STALE, newest)


def is_fresh(row: Backtest, draft: RulebookVersion | None, desk: Desk) -> bool:
    """Return whether nothing that a back-test depends on has changed since: draft, live rules, destinations, inputs."""
    if draft is None or (row.version_id, row.revision) != (draft.pk, draft.revision):
        return False
    return row.setup == setup_digest(desk, draft.rulebook.work_type_id)


@dataclass(frozen=True, slots=True)
class Cell:
    """How often work went to one place and would now go to another; ``shade`` is 0 to 4, by share of the largest."""

    count: int
    shade: int
    same: bool


@dataclass(frozen=True, slots=True)
class Matrix:
    """From where decisions sent work to where the draft sends it: rows by columns with names of both, and drawn."""

    columns: list[str]
    rows: list[tuple[str, list[Cell]]]
    picture: Bands


@dataclass(frozen=True, slots=True)
class Report:
    """What a back-test came to, in words and figures."""

    same: int
    elsewhere: int
    not_followed: int
    skipped: int
    compared: int
    asked: list[tuple[str, int]]
    matrix: Matrix
    live_agrees: int
    draft_agrees: int
    judged: int


_SHADES = 4


def report_of(row: Backtest, catalogue: Catalogue) -> Report:
    """Return what has been counted so far, with the names of the catalogue."""
    counts = row.tally or empty_tally()
    outcomes, people = counts["outcomes"], counts["people"]
    asked = sorted(counts["asked"].items(), key=lambda pair: -pair[1])
    return Report(
        same=outcomes["same"],
        elsewhere=outcomes["elsewhere"],
        not_followed=outcomes["not_followed"],
        skipped=outcomes["skipped"],
        compared=outcomes["same"] + outcomes["elsewhere"],
        asked=[(asked_words(name, catalogue), count) for name, count in asked],
        matrix=_matrix(counts["matrix"], catalogue),
        live_agrees=people["live"][0],
        draft_agrees=people["draft"][0],
        judged=sum(people["draft"]),
    )


def _matrix(counted: dict[str, dict[str, int]], catalogue: Catalogue) -> Matrix:
    keys = list(dict.fromkeys([*counted, *(key for row in counted.values() for key in row)]))
    froms = [key for key in keys if key in counted]
    largest = max((count for row in counted.values() for count in row.values()), default=0)
    names = {key: place_words(key, catalogue) for key in keys}
    rows, flows = [], []
    for start in froms:
        row = counted[start]
        flows += [Flow(names[start], names[key], row[key], key == start != OTHER) for key in keys if row.get(key)]
        cells = [Cell(row.get(key, 0), _shade(row.get(key, 0), largest), key == start != OTHER) for key in keys]
        rows.append((names[start], cells))
    return Matrix(list(names.values()), rows, draw(flows))


def _shade(count: int, largest: int) -> int:
    return 0 if not count else max(1, round(_SHADES * count / largest))


def place_words(key: str, catalogue: Catalogue) -> str:
    """Return what people call the place that was counted under this text."""
    if key == OTHER:
        return "Other places"
    return expected_words(answer_from_json(json.loads(key)), catalogue).rstrip(".")


@dataclass(frozen=True, slots=True)
class Changed:
    """One decision that the draft makes otherwise: the item, the place it went to and the one it would go to."""

    item: WorkItem
    went: str
    then: str
    live: str
    draft: str


SHOWN = 20


def changed_items(row: Backtest, desk: Desk, actor: Actor, start: int) -> tuple[list[Changed], bool]:
    """Return the next kept decisions that the draft makes otherwise, with the rule of each; and whether more follow.

    ``start`` counts the kept ones, of which there are at most some hundred.
    """
    samples = (row.tally or {}).get("samples", [])
    shown = samples[start : start + SHOWN]
    type_id = row.rulebook.work_type_id
    catalogue = desk.catalogue(type_id)
    items = WorkItem.objects.select_related("work_type").in_bulk([item_id for _, item_id, _, _, _ in shown])
    decided = {
        one.pk: one for one in Decision.objects.filter(pk__in=[pk for pk, *_ in shown]).select_related("version")
    }
    draft = rulefile.read(row.content)
    found = []
    for pk, item_id, went, then, rule_id in shown:
        item, decision = items.get(item_id), decided.get(pk)
        if item is None or decision is None or not actor.may_see_type(item.work_type_id):
            continue
        live = published_rules(decision.version_id) if decision.version_id else None
        found.append(
            Changed(
                item,
                place_words(went, catalogue),
                place_words(then, catalogue),
                _rule_words(live, decision.rule_id, catalogue),
                _rule_words(draft, rule_id, catalogue),
            )
        )
    return found, start + SHOWN < len(samples)


def _rule_words(rules: Rules | None, rule_id: str, catalogue: Catalogue) -> str:
    """Say which rule decided and why it does; or that none did."""
    for number, rule in enumerate(rules.rules if rules else (), start=1):
        if rule.id == rule_id:
            return f"Rule {number}: {rule_sentence(rule, catalogue)}"
    return "No rule decides."
