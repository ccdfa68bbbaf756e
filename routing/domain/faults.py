"""What is wrong with a rulebook, where and in the user's words."""

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing to mend: ``pointer`` is a JSON pointer (RFC 6901) into the rulebook, ``detail`` a sentence."""

    pointer: str
    detail: str

    @property
    def rule(self) -> int:
        """The number of the rule it is in, from 1; 0 for the whole rulebook."""
        return rule_number(self.pointer)


def rule_number(pointer: str) -> int:
    """Return the number, from 1, of the rule that a JSON pointer leads into; 0 when it leads elsewhere."""
    parts = pointer.split("/")
    return int(parts[2]) + 1 if len(parts) > 2 and parts[1] == "rules" else 0


class RuleError(ValueError):
    """A rulebook, rule or condition cannot be read; ``problems`` lists all that is wrong with it."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(problems)
        super().__init__("; ".join(f"{problem.pointer or '/'}: {problem.detail}" for problem in self.problems))
