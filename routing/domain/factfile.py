"""Facts as people paste them and as examples keep them: JSON by fact name, what is not named being unknown."""

from routing.domain.facts import Fact, Facts, Status, given_value, is_storable, known, value_to_json
from routing.domain.faults import Problem, RuleError

MOST_FACTS = 500
LONGEST_NAME = 150
# As the only key of an object in the place of a value: what is known instead of one.
_WITHOUT_VALUE = {"missing": Status.MISSING, "unavailable": Status.UNAVAILABLE}


def read_facts(data: object, *, seq: int = 1) -> dict[str, Fact]:
    """Read facts such as {"input.amount": {"amount": "250", "currency": "EUR"}, "steps.reply": {"missing": true}}.

    All take the same position. Raises RuleError with a problem per fact, pointers counting from the whole.
    """
    if not isinstance(data, dict):
        raise RuleError([Problem("", "Facts are given by name, such as input.topic: refund.")])
    if len(data) > MOST_FACTS:
        raise RuleError([Problem("", f"At most {MOST_FACTS} facts are possible here.")])
    facts, problems = dict[str, Fact](), list[Problem]()
    for name, given in data.items():
        if not isinstance(name, str) or not name or len(name) > LONGEST_NAME or not is_storable(name):
            problems.append(Problem("", f"“{str(name)[:40]}” is no name of a fact, such as input.topic."))
            continue
        try:
            facts[name] = _fact(given, seq)
        except (ValueError, TypeError, RecursionError) as error:
            pointer = name.replace("~", "~0").replace("/", "~1")
            problems.append(Problem(f"/{pointer}", f"{name}: {error}."))
    if problems:
        raise RuleError(problems)
    return facts


def _fact(given: object, seq: int) -> Fact:
    if isinstance(given, dict) and len(given) == 1:
        word, value = next(iter(given.items()))
        if word in _WITHOUT_VALUE and value is True:
            return Fact(_WITHOUT_VALUE[word], None, seq)
    if given is None:
        raise ValueError("a value is expected, or {missing: true}")
    return known(given_value(given), seq)


def write_facts(facts: Facts) -> dict[str, object]:
    """Return the JSON form that ``read_facts`` reads back; what is unknown is left out."""
    words = {status: word for word, status in _WITHOUT_VALUE.items()}
    return {
        name: value_to_json(fact.value) if fact.status is Status.KNOWN else {words[fact.status]: True}
        for name, fact in sorted(facts.items())
        if fact.status is not Status.UNKNOWN
    }
