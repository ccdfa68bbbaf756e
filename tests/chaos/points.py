"""The named crash points, as the sources have them."""

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tests.runtime.processes import ROOT

ACTIONS = ("routing/actions/*.py", "reviews/actions/*.py", "routing/transitions.py", "dispatchdesk/accounts/people.py")
WRAPPERS = {"one_transaction": ("committing", "committed"), "outgoing": ("calling", "called")}
# ``calling`` makes the call of a step and is itself called within ``outgoing`` alone.
LEAVING = frozenset({"chat.complete", "mailing.deliver", "calling.call", "calling.perform", "send"})
BARE_COMMITS = frozenset({"transaction.atomic", "atomic"})
STEP_KINDS = ("agent", "tool", "source", "reader", "router")


@dataclass(frozen=True, slots=True)
class Call:
    """One call in an action: where it stands, what it calls, and the wrapper whose block it is in, if any."""

    place: str
    name: str
    within: frozenset[str]


def sources() -> list[Path]:
    """Return the files that hold actions."""
    return sorted(path for pattern in ACTIONS for path in ROOT.glob(pattern))


def calls() -> Iterator[Call]:
    """Yield every call in actions."""
    for path in sources():
        place = str(path.relative_to(ROOT))
        yield from _calls(ast.parse(path.read_text()), place, frozenset())


def _calls(node: ast.AST, place: str, within: frozenset[str]) -> Iterator[Call]:
    if isinstance(node, ast.Call):
        yield Call(f"{place}:{node.lineno}", ast.unparse(node.func), within)
    inside = within
    if isinstance(node, ast.With):
        inside |= {
            ast.unparse(item.context_expr.func) for item in node.items if isinstance(item.context_expr, ast.Call)
        }
    for child in ast.iter_child_nodes(node):
        yield from _calls(child, place, inside)


def points() -> list[str]:
    """Return the name of every point, each once for each place that has it."""
    found = []
    for path in sources():
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call) and ast.unparse(node.func) in WRAPPERS:
                for name in _names(node.args[0]):
                    found += [f"{name}.{ending}" for ending in WRAPPERS[ast.unparse(node.func)]]
    return sorted(found)


def _names(argument: ast.expr) -> list[str]:
    if isinstance(argument, ast.Constant):
        return [str(argument.value)]
    return [f"running.{kind}" for kind in STEP_KINDS]  # the one name that is put together
