"""What a decision still wants: facts nobody was asked for yet, and facts that nobody can give."""

from collections.abc import Iterable
from dataclasses import dataclass, field

from routing.domain.catalogue import PortKind
from routing.domain.conditions import blocking, lacking, provided
from routing.domain.facts import Facts, Status, lookup
from routing.domain.kleene import BLOCKED, TRUE, UNKNOWN
from routing.domain.prepared import ReadyBook, Target

_KNOWN, _UNKNOWN = Status.KNOWN, Status.UNKNOWN


@dataclass(slots=True)
class Wants:
    """``lacking`` are unknown and can be had; ``absent`` are missing or unavailable, with their status."""

    lacking: dict[str, None] = field(default_factory=dict)
    absent: dict[str, Status] = field(default_factory=dict)

    def add(self, name: str, facts: Facts) -> None:
        """Note a fact unless it is known."""
        status = lookup(facts, name).status
        if status is _UNKNOWN:
            self.lacking[provided(name)] = None
        elif status is not _KNOWN:
            self.absent[provided(name)] = status

    def __bool__(self) -> bool:
        return bool(self.lacking or self.absent)


def _keys(name: str, ready: ReadyBook, facts: Facts) -> Wants:
    """Return what the source of this unknown fact wants before it can be asked, its keys' own sources included."""
    wants = Wants()
    pending, done = [name], {name}
    while pending:
        fact = pending.pop()
        if not fact.startswith("source.") or lookup(facts, fact).status is not _UNKNOWN:
            continue
        port = ready.catalogue.ports.get(fact.split(".")[1])
        if port is None or port.kind is not PortKind.SOURCE:
            continue
        for key in sorted(port.needs - done):
            done.add(key)
            pending.append(key)
            wants.add(key, facts)
    return wants


def wants_of_target(target: Target, ready: ReadyBook, facts: Facts) -> Wants | None:
    """Return what is wanting before work may go to a destination that is no queue; None when nothing is.

    What it lacks and a data source cannot be asked for, since the key it is found by is absent, is wanting as that key.
    """
    for name in target.needs:
        if lookup(facts, name).status is not _KNOWN:
            break
    else:
        if all(lookup(facts, name).status is _KNOWN for name, _ in ready.required):
            return None
    wants = Wants()
    for name in target.needs:
        wants.add(name, facts)
        wants.absent.update(_keys(name, ready, facts).absent)
    for name, conditional in ready.required:
        if lookup(facts, name).status is _KNOWN:
            continue
        applies = TRUE if conditional is None else conditional.evaluate(facts)
        if applies is TRUE:
            wants.add(name, facts)
        elif applies is UNKNOWN and conditional is not None:
            wants.lacking.update(dict.fromkeys(lacking(conditional.condition, facts)))
        elif applies is BLOCKED and conditional is not None:
            wants.absent.update(dict.fromkeys(blocking(conditional.condition, facts), Status.UNAVAILABLE))
    return wants or None


def form(names: Iterable[str], target: Target | None, ready: ReadyBook, facts: Facts) -> tuple[str, ...]:
    """Return the inputs to ask the requester for, all at once, in the order of declaration.

    They are those among the names and those that the destination lacks, the keys by which data sources find the
    others, every required input not yet known that applies or may, and what decides whether it does. Inputs that the
    requester does not provide are left out, and those that a source gives once one of the asked keys is known.
    """
    wanted = {provided(name) for name in (*names, *(target.needs if target is not None else ()))}
    for name in tuple(wanted):
        wanted.update(_keys(name, ready, facts).lacking)
    unknown = {spec.fact for spec in ready.catalogue.inputs if lookup(facts, spec.fact).status is _UNKNOWN}
    for name, conditional in ready.required:
        if name in unknown:
            wanted.add(name)
            if conditional is not None:
                wanted.update(lacking(conditional.condition, facts))
    asked = [spec for spec in ready.catalogue.inputs if spec.fact in wanted & unknown and "requester" in spec.providers]
    found_by = {spec.fact: _keys(spec.source, ready, facts) for spec in asked if spec.source}
    first = {spec.fact for spec in asked if spec.fact not in found_by or not found_by[spec.fact].lacking}
    later = {fact for fact, keys in found_by.items() if not keys.absent and first.intersection(keys.lacking)}
    return tuple(spec.fact for spec in asked if spec.fact not in later)
