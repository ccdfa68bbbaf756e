"""What stands in the way of publishing a rulebook, and of keeping a declared input."""

from collections.abc import Iterator

from routing.domain.catalogue import ITEM_FACTS, ROUTER_FACTS, Catalogue, Port, PortKind
from routing.domain.conditions import NOW, provided, reads, reads_time
from routing.domain.faults import Problem
from routing.domain.inputs import InputSpec, Kind
from routing.domain.operators import misfit
from routing.domain.patterns import PatternError, compiled
from routing.domain.rules import (
    BY_RULE,
    SUGGESTED,
    All,
    AnyOf,
    Ask,
    Condition,
    Escalate,
    Go,
    Not,
    Op,
    Rule,
    Rulebook,
    Test,
)
from routing.domain.templates import TemplateError, names

PRIORITIES = ("low", "normal", "high", "urgent")
SUGGESTED_TYPE = "router.type"


def problems(book: Rulebook, catalogue: Catalogue) -> tuple[Problem, ...]:
    """Return everything that must be mended before the rulebook is published; pointers count from the rulebook."""
    return tuple(_of_book(book, catalogue))


def input_problems(spec: InputSpec, catalogue: Catalogue) -> tuple[Problem, ...]:
    """Return everything that is wrong with a declared input; pointers name its fields."""
    return tuple(_of_input(spec, catalogue))


def _of_book(book: Rulebook, catalogue: Catalogue) -> Iterator[Problem]:
    if book.fallback_queue not in catalogue.queues:
        yield Problem("/fallback_queue", f"There is no queue “{book.fallback_queue}”.")
    seen: set[str] = set()
    for index, rule in enumerate(book.rules):
        pointer = f"/rules/{index}"
        if rule.id in seen:
            yield Problem(f"{pointer}/id", f"Another rule has the id “{rule.id}” already.")
        seen.add(rule.id)
        yield from _of_rule(rule, pointer, catalogue)


def _of_rule(rule: Rule, pointer: str, catalogue: Catalogue) -> Iterator[Problem]:
    yield from _of_condition(rule.when, f"{pointer}/when", catalogue)
    yield from _of_changes(rule, pointer, catalogue)
    match rule.then:
        case None:
            if not rule.changes:
                yield Problem(f"{pointer}/then", "The rule does nothing.")
        case Go():
            yield from _of_go(rule.then, f"{pointer}/then", catalogue)
        case Escalate(queue=queue, about=about):
            if queue not in catalogue.queues:
                yield Problem(f"{pointer}/then/queue", f"There is no queue “{queue}”.")
            port = catalogue.port(about) if about else None
            if about and (port is None or port.kind is not PortKind.AGENT):
                yield Problem(f"{pointer}/then/about", f"There is no AI agent “{about}”.")
        case Ask(inputs=asked):
            declared = {spec.name for spec in catalogue.inputs}
            for index, name in enumerate(asked):
                if name not in declared:
                    yield Problem(f"{pointer}/then/inputs/{index}", f"This type has no input “{name}”.")


def _of_changes(rule: Rule, pointer: str, catalogue: Catalogue) -> Iterator[Problem]:
    changes = rule.changes
    if changes.type and changes.type != SUGGESTED_TYPE and changes.type not in catalogue.types:
        yield Problem(f"{pointer}/set/type", f"There is no type “{changes.type}”.")
    if changes.priority and changes.priority not in PRIORITIES:
        yield Problem(f"{pointer}/set/priority", f"The priority is one of {', '.join(PRIORITIES)}.")
    if changes.type and rule.then is not None:
        yield Problem(f"{pointer}/then", "A rule that sets the type does nothing else: that type's rules decide then.")
    elif changes and isinstance(rule.then, Ask):
        yield Problem(f"{pointer}/set", "A rule that asks sets nothing: put that in a rule of its own.")


def _of_go(go: Go, pointer: str, catalogue: Catalogue) -> Iterator[Problem]:
    if go.approved_by and go.approved_by != BY_RULE and go.approved_by not in catalogue.queues:
        yield Problem(f"{pointer}/approved_by", f"There is no queue “{go.approved_by}”.")
    named: set[str] = set()
    for name, template in go.params:
        try:
            named |= names(template)
        except TemplateError as error:
            yield Problem(f"{pointer}/with/{name}", f"{error}.")
    for fact in sorted(named):
        if not _is_known(fact, catalogue):
            yield Problem(f"{pointer}/with", f"There is no fact “{fact}”.")
    if SUGGESTED in go.to:
        if len(go.to) > 1:
            yield Problem(f"{pointer}/to", "The suggested destination stands alone.")
        return
    ports: list[Port] = []
    for index, slug in enumerate(go.to):
        port = catalogue.port(slug)
        if port is None:
            yield Problem(f"{pointer}/to/{index}", f"There is no destination “{slug}”.")
        else:
            ports.append(port)
    yield from _of_writes(go, ports, named, pointer, catalogue)


def _of_writes(go: Go, ports: list[Port], named: set[str], pointer: str, catalogue: Catalogue) -> Iterator[Problem]:
    writes = [port for port in ports if port.writes]
    if len(go.to) > 1 and len(writes) < len(ports):
        yield Problem(f"{pointer}/to", "Several destinations can follow one another only when each of them writes.")
    if len(set(go.to)) < len(go.to):
        yield Problem(f"{pointer}/to", "A destination is named twice.")
    if writes and not go.approved_by:
        yield Problem(f"{pointer}/approved_by", f"Say who approves what {writes[0].name} changes.")
    if go.approved_by and ports and not writes:
        yield Problem(f"{pointer}/approved_by", "Nothing is changed outside, so there is nothing to approve.")
    if go.approved_by != BY_RULE:
        return
    for port in writes:
        by_model = sorted(name for name in named | port.needs if _is_by_model(name, catalogue))
        if not port.rule_may_approve:
            yield Problem(f"{pointer}/approved_by", f"{port.name} does not permit a rule to approve.")
        elif by_model and not port.rule_may_approve_model_text:
            label = catalogue.label(by_model[0])
            yield Problem(
                f"{pointer}/approved_by", f"{port.name} does not permit a rule to approve words by a model ({label})."
            )


def _is_by_model(fact: str, catalogue: Catalogue) -> bool:
    namespace, _, rest = fact.partition(".")
    port = catalogue.ports.get(rest.partition(".")[0])
    return namespace == "steps" and port is not None and port.kind is PortKind.AGENT


def _of_condition(condition: Condition, pointer: str, catalogue: Catalogue) -> Iterator[Problem]:
    match condition:
        case Test():
            yield from _of_test(condition, pointer, catalogue)
        case Not():
            yield from _of_condition(condition.part, f"{pointer}/not", catalogue)
        case All() | AnyOf():
            word = "all" if isinstance(condition, All) else "any"
            if word == "any" and not condition.parts:
                yield Problem(pointer, "“Any of” nothing never holds.")
            for index, part in enumerate(condition.parts):
                yield from _of_condition(part, f"{pointer}/{word}/{index}", catalogue)


def _of_test(test: Test, pointer: str, catalogue: Catalogue) -> Iterator[Problem]:
    if not _is_known(test.fact, catalogue):
        yield Problem(f"{pointer}/fact", f"There is no fact “{test.fact}”.")
        return
    detail = misfit(test, catalogue)
    if detail:
        yield Problem(pointer, f"{detail[0].upper()}{detail[1:]}")
    if test.op is Op.MATCHES and isinstance(test.value, str):
        try:
            compiled(test.value)
        except PatternError as error:
            yield Problem(f"{pointer}/value", f"This pattern cannot be read: {error}.")


def _is_known(fact: str, catalogue: Catalogue) -> bool:
    """Whether somebody can provide a fact of this name, or it comes about by what happens."""
    namespace, _, rest = fact.partition(".")
    slug, _, field = rest.partition(".")
    match namespace:
        case "now":
            return fact == NOW
        case "item":
            return fact in ITEM_FACTS
        case "router":
            return fact in ROUTER_FACTS
        case "input":
            spec = catalogue.input_of(fact)
            if spec is None or fact == spec.fact:
                return spec is not None
            return spec.kind is Kind.MONEY and fact in {f"{spec.fact}.amount", f"{spec.fact}.currency"}
        case "source" | "steps":
            port = catalogue.ports.get(slug)
            if port is None or (port.kind is PortKind.SOURCE) is not (namespace == "source"):
                return False
            output = field.removeprefix("output.").partition(".")[0]
            return not output or not port.outputs or output in port.outputs
        case "reviews":
            return bool(rest)
    return False


def _of_input(spec: InputSpec, catalogue: Catalogue) -> Iterator[Problem]:
    if spec.kind is Kind.CHOICE and not spec.choices:
        yield Problem("/choices", "Name at least one choice.")
    if spec.pattern:
        try:
            compiled(spec.pattern)
        except PatternError as error:
            yield Problem("/pattern", f"This pattern cannot be read: {error}.")
    if spec.source and not (spec.source.startswith("source.") and _is_known(spec.source, catalogue)):
        yield Problem("/source", f"No data source gives “{spec.source}”.")
    if spec.applies_when is not None:
        if reads_time(spec.applies_when):
            yield Problem("/applies_when", "Whether an input applies cannot depend on the time.")
        if spec.fact in {provided(name) for name in reads(spec.applies_when)}:
            yield Problem("/applies_when", "An input cannot depend on itself.")
        yield from _of_condition(spec.applies_when, "/applies_when", catalogue)
