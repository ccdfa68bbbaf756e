"""Where a decision sends work, in the one form that back-tests, examples and trials compare and store."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from routing.domain.catalogue import Catalogue
from routing.domain.decision import Decision, Kind
from routing.domain.engine import decide
from routing.domain.facts import Fact, Facts, known, lookup
from routing.domain.rules import Rulebook

TYPE = "type"  # as an answer's kind: the rulebook of another type decides from there
_KINDS = frozenset({"go", "need", "review", "wait", "finish", "stop", TYPE})
_MOST_CHANGES = 60


@dataclass(frozen=True, slots=True)
class Answer:
    """What rules came to, without what does not change where the work goes (reasons, texts, forms).

    ``kind`` is ``go``, ``need``, ``review``, ``wait``, ``finish``, ``stop`` or ``type``. ``to`` holds destinations of
    a go, or the one new type. ``approved_by`` and ``queue`` are slugs of queues. ``needs`` are fact names, sorted.
    """

    kind: str
    to: tuple[str, ...] = ()
    approved_by: str = ""
    queue: str = ""
    needs: tuple[str, ...] = ()


def answer_of(decision: Decision) -> Answer | None:
    """Return where a decision sends work; None when it only sets something and the next rules decide."""
    match decision.kind:
        case Kind.GO:
            return Answer("go", to=decision.to, approved_by=decision.approved_by)
        case Kind.NEED:
            return Answer("need", needs=tuple(sorted(decision.needs)))
        case Kind.REVIEW:
            return Answer("review", queue=decision.queue)
        case Kind.CHANGE:
            return Answer(TYPE, to=(decision.changes.type,)) if decision.changes.type else None
        case kind:
            return Answer(kind.value)


def answer_to_json(answer: Answer) -> dict[str, object]:
    """Return the JSON form that ``answer_from_json`` reads back; parts without content are left out."""
    parts: dict[str, object] = {
        "kind": answer.kind,
        "to": list(answer.to),
        "approved_by": answer.approved_by,
        "queue": answer.queue,
        "needs": list(answer.needs),
    }
    return {key: part for key, part in parts.items() if part}


def answer_from_json(data: object) -> Answer:
    """Read a stored answer; raises ValueError that says what is wrong."""
    if not isinstance(data, dict):
        raise ValueError("An answer with a kind is expected here.")  # noqa: TRY004 - one error for whatever is given
    unknown = set(data) - {"kind", "to", "approved_by", "queue", "needs"}
    if unknown:
        raise ValueError(f"“{min(map(str, unknown))}” is not known here.")
    kind = data.get("kind")
    if not isinstance(kind, str) or kind not in _KINDS:
        raise ValueError(f"The kind is one of {', '.join(sorted(_KINDS))}.")
    return Answer(
        kind,
        to=_texts(data.get("to")),
        approved_by=_text(data.get("approved_by")),
        queue=_text(data.get("queue")),
        needs=tuple(sorted(_texts(data.get("needs")))),
    )


def _text(data: object) -> str:
    if not isinstance(data, str | None):
        raise ValueError("A text is expected here.")  # noqa: TRY004
    return data or ""


def _texts(data: object) -> tuple[str, ...]:
    if data is None:
        return ()
    if not isinstance(data, list) or not all(isinstance(part, str) for part in data):
        raise ValueError("A list of texts is expected here.")
    return tuple(data)


@dataclass(frozen=True, slots=True)
class Followed:
    """What rules came to in one pass: the last decision, its answer, and the ids of the rules that fired on the way.

    ``fired`` and ``position`` are as they stand after the pass, the deciding rule included when it fires. ``facts``
    holds what rules set. ``answer`` is None only when the rules come to no end.
    """

    decision: Decision
    answer: Answer | None
    path: tuple[str, ...]
    facts: Facts
    fired: Mapping[str, int]
    position: int


def follow(
    facts: Facts,
    book: Rulebook,
    catalogue: Catalogue,
    *,
    fired: Mapping[str, int],
    escalated: Mapping[str, int],
    now: datetime,
    position: int = 0,
) -> Followed:
    """Decide as the desk does in one pass: rules that only set priority or tags are applied, then the next decide.

    Takes what ``decide`` takes, and the position of the item's newest fact.
    """
    done, path = dict(fired), list[str]()
    for _ in range(_MOST_CHANGES):
        decision = decide(facts, book, catalogue, fired=done, escalated=escalated, now=now)
        if decision.fires:
            facts, position = _changed(facts, decision, position)
            done[decision.rule_id] = position
            path.append(decision.rule_id)
        answer = answer_of(decision)
        if answer is not None:
            break
    return Followed(decision, answer, tuple(path), facts, done, position)


def _changed(facts: Facts, decision: Decision, position: int) -> tuple[Facts, int]:
    """Return the facts with the priority and tags that the decision sets, each at a position of its own."""
    changes, made = decision.changes, dict[str, Fact]()
    priority = changes.priority.lower()
    if priority and lookup(facts, "item.priority").value != priority:
        position += 1
        made["item.priority"] = known(priority, position)
    if changes.tags:
        before = lookup(facts, "item.tags").value
        tags = tuple(sorted({*(before if isinstance(before, tuple) else ()), *changes.tags}))
        if tags != before:
            position += 1
            made["item.tags"] = known(tags, position)
    return ({**facts, **made} if made else facts), position
