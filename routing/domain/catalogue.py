"""What the rules may refer to: declared inputs, destinations, queues and work types, as plain data."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from routing.domain.conditions import provided
from routing.domain.inputs import InputSpec


class PortKind(StrEnum):
    """What kind of place work can go to."""

    AGENT = "agent"
    TOOL = "tool"
    SOURCE = "source"
    QUEUE = "queue"


@dataclass(frozen=True, slots=True)
class Port:
    """A destination as rules see it.

    ``needs`` holds the fact names that its template, or a source's key, must have. ``rule_may_approve`` lets a rule
    approve its writes without a person; ``rule_may_approve_model_text`` does so even for a request with words by a
    model. ``outputs`` lists the fields it gives, as ``steps.<slug>.output.<field>`` or ``source.<slug>.<field>``;
    empty when they are not declared. ``choices`` has all values of those fields that may only have some, as typed.
    """

    slug: str
    name: str
    kind: PortKind
    writes: bool = False
    needs: frozenset[str] = frozenset()
    rule_may_approve: bool = False
    rule_may_approve_model_text: bool = False
    outputs: tuple[str, ...] = ()
    choices: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


DECISIONS = ("approved", "corrected", "declined", "completed")  # what people can have decided on a review
TRUTHS = ("true", "false")  # as the choices of a field that is one of them
_LABELS = {
    "now": "the present time",
    "item.code": "the code",
    "item.type": "the type",
    "item.title": "the title",
    "item.text": "the text",
    "item.channel": "the channel",
    "item.priority": "the priority",
    "item.tags": "the tags",
    "item.requester_name": "the requester's name",
    "item.requester_email": "the requester's e-mail address",
    "item.age": "the age of the request",
    "item.created_at": "the time of arrival",
    "router": "the router's suggestion",
    "router.type": "the suggested type",
    "router.destination": "the suggested destination",
    "router.confidence": "the certainty of the suggestion",
    "router.reason": "the reason of the suggestion",
}
ITEM_FACTS = frozenset(name for name in _LABELS if name.startswith("item."))
ROUTER_FACTS = frozenset(name for name in _LABELS if name.startswith("router"))


@dataclass(frozen=True)
class Catalogue:
    """Everything the rules of one work type may name; ``queues`` and ``types`` map slugs to names."""

    inputs: tuple[InputSpec, ...] = ()
    ports: Mapping[str, Port] = field(default_factory=dict)
    queues: Mapping[str, str] = field(default_factory=dict)
    types: Mapping[str, str] = field(default_factory=dict)

    def port(self, slug: str) -> Port | None:
        """Return the destination of this slug, queues included; None when there is none."""
        port = self.ports.get(slug)
        if port is None and slug in self.queues:
            return Port(slug, self.queues[slug], PortKind.QUEUE)
        return port

    def name_of(self, slug: str) -> str:
        """Return what people call a destination or queue; the slug when it is not known."""
        port = self.port(slug)
        return port.name if port is not None else slug

    def input_of(self, fact: str) -> InputSpec | None:
        """Return the input that provides this fact; None when none does."""
        name = provided(fact)
        return next((spec for spec in self.inputs if spec.fact == name), None)

    def declared_choices(self, fact: str) -> tuple[str, ...]:
        """Return all values that a declared field of a destination, or a verdict, may have; empty when any may come."""
        space, _, rest = fact.partition(".")
        slug, _, name = rest.partition(".")
        if space == "reviews" and name == "verdict":
            return DECISIONS
        port = self.ports.get(slug) if space in {"source", "steps"} else None
        return port.choices.get(name.removeprefix("output."), ()) if port is not None else ()

    def label(self, fact: str) -> str:
        """Return what people call a fact; words made from its name when nobody named it."""
        spec = self.input_of(fact)
        if spec is not None:
            return spec.label or spec.name.replace("_", " ")
        if fact in _LABELS:
            return _LABELS[fact]
        namespace, _, rest = fact.partition(".")
        slug, _, field_name = rest.partition(".")
        if namespace == "reviews" and field_name == "verdict":
            return f"the decision of {self.name_of(slug)}"
        words = field_name.replace("_", " ").replace(".", " ")
        if namespace in {"source", "steps", "reviews"} and slug:
            return f"{words.removeprefix('output ')} from {self.name_of(slug)}" if words else self.name_of(slug)
        return rest.replace("_", " ").replace(".", " ") or fact
