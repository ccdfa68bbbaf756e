"""Says where a set of requests went, and how often that was where they belong."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

from django.db.models import QuerySet

from routing.domain.states import STATE_LABELS, State
from routing.models import Decision, WorkItem


@dataclass(frozen=True, slots=True)
class _Way:
    """What became of one request: whether rules sent it on alone, the slugs that names, and in words."""

    alone: bool
    slugs: frozenset[str]
    words: str


def where_they_went(items: QuerySet[WorkItem], expected: Mapping[str, str] | None) -> list[str]:
    """Return lines for people; ``expected`` maps keys of requests to the slug each should have been sent to."""
    ways = _ways(items)
    counts = Counter(way.words for way in ways.values())
    lines = ["Where they went:"]
    lines += [f"  {words}: {count:,}" for words, count in counts.most_common()]
    if expected is not None:
        lines += _as_expected(ways, expected)
    return lines


def _ways(items: QuerySet[WorkItem]) -> dict[str, _Way]:
    newest: dict[int, tuple[str, list[str]]] = {}
    decisions = Decision.objects.filter(item__in=items.values("pk")).exclude(kind="change").order_by("pk")
    for item_id, kind, detail in decisions.values_list("item_id", "kind", "detail"):
        newest[item_id] = (kind, [str(slug) for slug in detail.get("to") or ()])
    rows = items.values_list("pk", "intake_key", "state", "work_type__slug", "review_queue")
    return {key: _way(newest.get(pk), State(state), slug, queue) for pk, key, state, slug, queue in rows.iterator()}


def _way(decided: tuple[str, list[str]] | None, state: State, type_slug: str | None, queue: str) -> _Way:
    kind, to = decided or ("", [])
    slugs = frozenset([*to, *([type_slug] if type_slug else [])])
    if kind == "go":
        return _Way(True, slugs, f"sent to {', '.join(to)}")
    if kind == "review":
        return _Way(False, slugs, f"a person decides in {queue}" if queue else "a person decides")
    return _Way(kind in {"finish", "stop", "wait"}, slugs, STATE_LABELS[state].lower())


def _as_expected(ways: Mapping[str, _Way], expected: Mapping[str, str]) -> list[str]:
    """Return how many went by themselves, how many of those were right, and the same for each expected slug."""
    pairs = [(way, expected[key]) for key, way in ways.items() if key in expected]
    alone = [(way, slug) for way, slug in pairs if way.alone]
    right = sum(slug in way.slugs for way, slug in alone)
    asked = len(pairs) - len(alone)
    lines = [
        f"By themselves: {len(alone):,} of {len(pairs):,} ({_share(len(alone), len(pairs))}).",
        f"Of those where expected: {right:,} ({_share(right, len(alone))}).",
        f"To a person: {asked:,} ({_share(asked, len(pairs))}).",
    ]
    for name in sorted({slug for _, slug in pairs}):
        mine = [way for way, slug in pairs if slug == name]
        sent = [way for way in mine if way.alone]
        fitting = sum(name in way.slugs for way in sent)
        lines.append(
            f"  expected {name}: {len(mine):,}, by themselves {len(sent):,} ({fitting:,} there), "
            f"to a person {len(mine) - len(sent):,}"
        )
    return lines


def _share(part: int, whole: int) -> str:
    return f"{part / whole:.1%}" if whole else "none"
