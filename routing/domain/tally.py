"""What a back-test counts, in a form that can be stored between chunks and stays small whatever it counts."""

import json
from collections.abc import Iterable, Mapping
from typing import Any

from routing.domain.answers import Answer, answer_to_json
from routing.domain.replay import Outcome, Replayed

MOST_PLACES, MOST_SAMPLES, MOST_ASKED = 40, 200, 100
OTHER = "other"

Tally = dict[str, Any]
Wish = tuple[bool, str]  # whether people found the place right; else the slug they chose, or nothing


def empty_tally() -> Tally:
    """Return a tally of nothing."""
    return {
        "outcomes": dict.fromkeys(Outcome, 0),
        "places": [],
        "matrix": {},
        "asked": {},
        "people": {"live": [0, 0], "draft": [0, 0]},
        "samples": [],
    }


def add(tally: Tally, replayed: Iterable[Replayed], wishes: Mapping[int, Wish], item_id: int) -> None:
    """Count what became of decisions of one item; ``wishes`` holds what people made of them, by their id."""
    for one in replayed:
        tally["outcomes"][one.outcome] += 1
        if one.went is None or one.draft is None or one.went.answer is None or one.draft.answer is None:
            continue
        went, draft = one.went.answer, one.draft.answer
        row = tally["matrix"].setdefault(_place(tally, went), {})
        key = _place(tally, draft)
        row[key] = row.get(key, 0) + 1
        if one.past.id in wishes:
            live = one.live.answer if one.live is not None else None
            _agree(tally["people"]["draft"], draft, went, wishes[one.past.id])
            _agree(tally["people"]["live"], live, went, wishes[one.past.id])
        if one.outcome is Outcome.ELSEWHERE:
            for name in draft.needs:
                if name in tally["asked"] or len(tally["asked"]) < MOST_ASKED:
                    tally["asked"][name] = tally["asked"].get(name, 0) + 1
            if len(tally["samples"]) < MOST_SAMPLES:
                rule_id = one.draft.decision.rule_id
                tally["samples"].append([one.past.id, item_id, place_key(went), place_key(draft), rule_id])


def place_key(answer: Answer) -> str:
    """Return the text under which an answer is counted; it reads back as the answer's JSON."""
    return json.dumps(answer_to_json(answer), sort_keys=True, ensure_ascii=False)


def _place(tally: Tally, answer: Answer) -> str:
    """Return under what an answer is counted; once there are many places, new ones are counted as one."""
    key, known = place_key(answer), tally["places"]
    if key not in known:
        if len(known) >= MOST_PLACES:
            return OTHER
        known.append(key)
    return key


def _agree(counts: list[int], answer: Answer | None, went: Answer, wish: Wish) -> None:
    right, place = wish
    chosen = answer is not None and (place in answer.to if place else answer != went)
    agrees = answer == went if right else chosen
    counts[0 if agrees else 1] += 1
