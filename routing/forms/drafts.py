"""Changes to the list of rules in a draft: pure functions from one content to the next."""

import secrets
from collections.abc import Callable, Mapping
from typing import Any

from routing.domain import rulefile
from routing.domain.rules import Rule
from routing.errors import Conflict

Content = dict[str, Any]
Change = Callable[[Mapping[str, Any]], Content]


def new_rule_id() -> str:
    """Return an id that no rule had before: what a rule did is remembered by its id."""
    return f"r{secrets.token_hex(4)}"


def with_rule(content: Mapping[str, Any], rule: Rule) -> Content:
    """Return the content with this rule in the place of the one with its id, or at the end."""
    rules = [dict(each) for each in content.get("rules", [])]
    written = rulefile.write_rule(rule)
    place = next((index for index, each in enumerate(rules) if each.get("id") == rule.id), None)
    if place is None:
        rules.append(written)
    else:
        rules[place] = written
    return {**content, "rules": rules}


def with_fallback(content: Mapping[str, Any], queue: str) -> Content:
    """Return the content with another queue for what no rule decides."""
    return {**content, "fallback_queue": queue}


def _up(rules: list[Content], place: int) -> None:
    if place > 0:
        rules[place - 1], rules[place] = rules[place], rules[place - 1]


def _down(rules: list[Content], place: int) -> None:
    if place < len(rules) - 1:
        rules[place + 1], rules[place] = rules[place], rules[place + 1]


def _duplicate(rules: list[Content], place: int) -> None:
    rule = rules[place]
    copy = {**rule, "id": new_rule_id()}
    if rule.get("name"):
        copy["name"] = f"{rule['name']} (copy)"
    rules.insert(place + 1, copy)


def _delete(rules: list[Content], place: int) -> None:
    del rules[place]


def _switch(rules: list[Content], place: int) -> None:
    rule = dict(rules[place])
    if rule.pop("enabled", True):
        rule["enabled"] = False
    rules[place] = rule


_ACTIONS: dict[str, Callable[[list[Content], int], None]] = {
    "up": _up,
    "down": _down,
    "duplicate": _duplicate,
    "delete": _delete,
    "switch": _switch,
}
MOVE = "move"
ACTIONS = frozenset({*_ACTIONS, MOVE})


def edited(content: Mapping[str, Any], action: str, rule_id: str, to: int = 0) -> Content:
    """Return the content after one of ``ACTIONS`` on a rule; raises Conflict when the rule is no longer there.

    ``to`` is the place, from 0, that a rule is moved to; one beyond the end is the last.
    """
    rules = [dict(rule) for rule in content.get("rules", [])]
    place = next((index for index, rule in enumerate(rules) if rule.get("id") == rule_id), None)
    if place is None:
        raise Conflict("This rule is no longer in the draft: somebody else has deleted it.")
    if action == MOVE:
        rules.insert(to, rules.pop(place))
    else:
        _ACTIONS[action](rules, place)
    return {**content, "rules": rules}
