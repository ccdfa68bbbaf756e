"""What is wrong with a rulebook, where and in the user's words."""

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing to mend: ``pointer`` is a JSON pointer (RFC 6901) into the rulebook, ``detail`` a sentence."""

    pointer: str
    detail: str


class RuleError(ValueError):
    """A rulebook, rule or condition cannot be read; ``problems`` lists all that is wrong with it."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(problems)
        super().__init__("; ".join(f"{problem.pointer or '/'}: {problem.detail}" for problem in self.problems))
