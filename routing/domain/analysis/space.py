"""All states of the facts that a rulebook reads, as literals of a formula, and facts made from a solution."""

import itertools
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from enum import Enum

from routing.domain.analysis.cells import MOMENT, Cell, Variable, variable
from routing.domain.analysis.formula import Formula, Outcomes, TooLarge, encode, test_key
from routing.domain.analysis.texts import candidates, implications
from routing.domain.analysis.values import PATTERNS, constants
from routing.domain.catalogue import Catalogue
from routing.domain.comparisons import moment_of, number_of
from routing.domain.conditions import AGE, CREATED, NOW, at_time, evaluate, provided, tests
from routing.domain.facts import Fact, Facts, Status, known
from routing.domain.kleene import BLOCKED, FALSE, TRUE, UNKNOWN, Result
from routing.domain.rules import All, Ask, Op, Rulebook, Test

_TRIES = 25
_MOST_COMPARED = 6_000_000  # values times comparisons of one fact


@dataclass(frozen=True, slots=True)
class Case:
    """Facts made from a solution, and the moment that counts as now."""

    facts: dict[str, Fact]
    now: datetime


class Nothing(Enum):
    """Why a search found no facts: it is proved that there are none, or patterns kept it from telling."""

    PROVED = "proved"
    UNDETERMINED = "undetermined"


def read_tests(book: Rulebook, catalogue: Catalogue) -> dict[str, tuple[Test, ...]]:
    """Return the comparisons by the fact they read, as it is provided, with those that say which inputs apply."""
    found: dict[str, dict[str, Test]] = {}
    pending = [rule.when for rule in book.rules]
    done: set[str] = set()
    asked = [f"input.{name}" for rule in book.rules if isinstance(rule.then, Ask) for name in rule.then.inputs]
    pending.append(All(tuple(Test(name, Op.KNOWN) for name in asked)))
    while pending:
        for test in tests(pending.pop()):
            name = provided(test.fact)
            found.setdefault(name, {})[test_key(test)] = test
            root = root_of(name)
            if root != name:
                found.setdefault(root, {})
            spec = catalogue.input_of(name)
            if spec is not None and spec.applies_when is not None and name not in done:
                done.add(name)
                pending.append(spec.applies_when)
    return {name: tuple(by_key.values()) for name, by_key in found.items()}


def root_of(name: str) -> str:
    """Return the fact that this one comes with: ``source.orders`` for a field of it, else the fact itself."""
    space, _, rest = name.partition(".")
    if space == "router":
        return space
    return f"{space}.{rest.partition('.')[0]}" if space in {"source", "steps"} and rest else name


class Space:
    """The facts a rulebook reads: a literal for each state of each, held together as the engine would see them."""

    def __init__(self, book: Rulebook, catalogue: Catalogue, formula: Formula) -> None:
        self.formula = formula
        self.variables: dict[str, Variable] = {}
        self.outcomes: dict[str, Outcomes] = {}
        self._cells: dict[str, list[int]] = {}
        self._atoms: dict[str, int] = {}
        for name, own in read_tests(book, catalogue).items():
            if len(constants(own)) * 2 * len(own) > _MOST_COMPARED:
                raise TooLarge
            self._declare(variable(name, own, catalogue))
        for name in self.variables:
            self._tie_to_root(name)
            self._tie_to_applicability(name, catalogue)

    def status(self, name: str, status: Status) -> int:
        """Return the literal that the fact is in this state."""
        cells = self.variables[name].cells
        pairs = zip(cells, self._cells[name], strict=True)
        return self.formula.any_of(literal for cell, literal in pairs if cell.fact.status is status)

    def state(self, solution: frozenset[int]) -> dict[int, str]:
        """Return the literals that make up the solution's state of facts, with the fact each is about."""
        found = {}
        for name in self.variables:
            cell, literal = self._active(name, solution)
            if len(self._cells[name]) > 1:
                found[literal] = name
            for index in _open(cell):
                atom = self._atoms[test_key(self.variables[name].tests[index])]
                found[atom if atom in solution else -atom] = name
        return found

    def find(self, assumptions: Iterable[int], check: Callable[[Case], bool]) -> tuple[Case, frozenset[int]] | Nothing:
        """Return facts for which these literals hold and the engine agrees, with the solution they came from."""
        wanted = list(assumptions)
        solution = self.formula.solve(wanted)
        if solution is None:
            return Nothing.PROVED
        trial = self.formula.new()
        for _ in range(_TRIES):
            case, wrong = self.case(solution)
            if case is not None and check(case):
                return case, solution
            # What could not be made is put aside for this search only: it may be possible all the same.
            self.formula.add(-trial, *(-literal for literal in wrong or self.state(solution)))
            solution = self.formula.solve([*wanted, trial])
            if solution is None:
                break
        self.formula.add(-trial)
        return Nothing.UNDETERMINED

    def case(self, solution: frozenset[int]) -> tuple[Case | None, list[int]]:
        """Return the facts of a solution, or None with the literals that no facts were found for."""
        moment = self._active(NOW, solution)[0].fact.value if NOW in self.variables else MOMENT
        now = moment if isinstance(moment, datetime) else MOMENT
        facts: dict[str, Fact] = {}
        timed = {NOW: known(now)}
        wrong: list[int] = []
        for name, mine in self.variables.items():
            cell, literal = self._active(name, solution)
            chosen = list(_open(cell))
            if not chosen:
                facts[name] = cell.fact
                continue
            wanted = {index: self._atoms[test_key(mine.tests[index])] in solution for index in chosen}
            fact = _fitting(mine, cell, wanted, timed)
            if fact is None:
                wrong.append(literal)
                wrong += [atom if (atom := self._atoms[test_key(mine.tests[i])]) in solution else -atom for i in chosen]
            else:
                facts[name] = fact
        facts.pop(NOW, None)
        age = number_of(facts.pop(AGE).value) if AGE in facts else None
        if age is not None and CREATED not in facts:
            facts[CREATED] = known(now - timedelta(microseconds=int(Decimal(age) * 60_000_000)), 1)
        return (None, wrong) if wrong else (Case(facts, now), wrong)

    def _active(self, name: str, solution: frozenset[int]) -> tuple[Cell, int]:
        pairs = zip(self.variables[name].cells, self._cells[name], strict=True)
        return next((cell, literal) for cell, literal in pairs if literal in solution)

    def _declare(self, mine: Variable) -> None:
        self.variables[mine.name] = mine
        literals = [self.formula.new() for _ in mine.cells] if len(mine.cells) > 1 else [self.formula.yes]
        self._cells[mine.name] = literals
        if len(literals) > 1:
            self.formula.exactly_one(literals)
        for index, test in enumerate(mine.tests):
            groups: dict[Result | None, list[int]] = {}
            for cell, literal in zip(mine.cells, literals, strict=True):
                groups.setdefault(cell.results[index], []).append(literal)
            self.outcomes[test_key(test)] = self._outcomes(test, groups)
        self._tie_patterns(mine)

    def _outcomes(self, test: Test, groups: dict[Result | None, list[int]]) -> Outcomes:
        any_of, all_of = self.formula.any_of, self.formula.all_of
        largest = max(groups, key=lambda result: len(groups[result]))
        # The largest group is said by the others: a fact with a thousand constants would need a million literals.
        held = {result: any_of(literals) for result, literals in groups.items() if result is not largest}
        held[largest] = -any_of(held.values())
        no = -self.formula.yes
        true, false = held.get(TRUE, no), held.get(FALSE, no)
        if None in held:
            atom = self._atoms[test_key(test)] = self.formula.new()
            true, false = any_of([true, all_of([held[None], atom])]), any_of([false, all_of([held[None], -atom])])
        return Outcomes(true, false, held.get(UNKNOWN, no), held.get(BLOCKED, no))

    def _tie_patterns(self, mine: Variable) -> None:
        patterns = [test for test in mine.tests if test_key(test) in self._atoms and test.op in PATTERNS]
        atom = {test_key(test): self._atoms[test_key(test)] for test in patterns}
        is_text = -self.formula.any_of(
            literal
            for cell, literal in zip(mine.cells, self._cells[mine.name], strict=True)
            if not isinstance(cell.fact.value, str)
        )
        for one, other, holds in implications(patterns):
            reason = [] if one is None else [-atom[test_key(one)]]
            self.formula.add(-is_text, *reason, atom[test_key(other)] * (1 if holds else -1))
        same: dict[tuple[Op, str], int] = {}
        for test in patterns:
            if test.op is Op.CONTAINS:
                first = same.setdefault((test.op, str(test.value).strip().casefold()), atom[test_key(test)])
                self.formula.add(-first, atom[test_key(test)])
                self.formula.add(first, -atom[test_key(test)])
        aged = [test for test in mine.tests if test.op is Op.OLDER_THAN and test_key(test) in self._atoms]
        aged.sort(key=lambda test: number_of(test.value) or 0)
        for short, long in itertools.pairwise(aged):
            self.formula.add(-self._atoms[test_key(long)], self._atoms[test_key(short)])

    def _tie_to_root(self, name: str) -> None:
        root = root_of(name)
        if root == name or root not in self.variables:
            return
        for status in (Status.UNKNOWN, Status.UNAVAILABLE):
            mine, parents = self.status(name, status), self.status(root, status)
            self.formula.add(-mine, parents)
            self.formula.add(mine, -parents)
        self.formula.add(-self.status(root, Status.MISSING), self.status(name, Status.MISSING))

    def _tie_to_applicability(self, name: str, catalogue: Catalogue) -> None:
        spec = catalogue.input_of(name)
        if spec is None or spec.applies_when is None:
            return
        applies = encode(spec.applies_when, self.formula, self.outcomes)
        for status in (Status.UNKNOWN, Status.UNAVAILABLE):
            self.formula.add(-self.status(name, status), applies[TRUE], applies[UNKNOWN], applies[BLOCKED])


def _open(cell: Cell) -> Iterator[int]:
    return (index for index, result in enumerate(cell.results) if result is None)


def _fitting(mine: Variable, cell: Cell, wanted: dict[int, bool], timed: Facts) -> Fact | None:
    """Return a known fact of this cell on which each comparison comes to what is wanted, if one is found."""
    meets = [mine.tests[index] for index, holds in wanted.items() if holds]
    tried = [*candidates(cell.fact.value, meets, constants(mine.tests)), *_aged(mine, cell, wanted, timed)]
    for value in tried:
        fact = known(value, 1)
        facts = {**timed, mine.name: fact}
        if all(
            evaluate(test, facts) is ((TRUE if wanted[index] else FALSE) if index in wanted else cell.results[index])
            for index, test in enumerate(mine.tests)
        ):
            return fact
    return None


def _aged(mine: Variable, cell: Cell, wanted: dict[int, bool], timed: Facts) -> Iterator[date | str]:
    """Yield moments of the age that the comparisons want."""
    now = timed[NOW].value
    if not isinstance(now, datetime) or moment_of(cell.fact.value) is None:
        return
    minutes = {True: [Decimal(0)], False: list[Decimal]()}
    for index, holds in wanted.items():
        if mine.tests[index].op is Op.OLDER_THAN:
            minutes[holds].append(Decimal(number_of(mine.tests[index].value) or 0))
    youngest = max(minutes[True])
    middle = (youngest + min(minutes[False], default=youngest + 2)) / 2
    for age in (middle, youngest):
        moment = now - timedelta(minutes=float(age))
        value = moment if isinstance(cell.fact.value, datetime) else moment.date()
        yield value.isoformat() if isinstance(cell.fact.value, str) else value


def seen(case: Case) -> dict[str, Fact]:
    """Return the case's facts with those that tell time."""
    return at_time(case.facts, case.now)
