"""The form of a review: what a person changed, chose or wrote, read into a judgement."""

from collections.abc import Mapping
from dataclasses import replace
from typing import cast

from django import forms
from django.http import QueryDict
from django.utils.text import capfirst

from reviews.actions.judging import KINDS, Judgement
from reviews.forms.input_fields import LONGEST_TEXT, input_field
from reviews.models import Review
from reviews.queries.colleagues import queues_for, takers_of
from routing.actions.answering import DONT_HAVE
from routing.actions.reporting import suspects
from routing.domain.inputs import InputSpec, Kind
from routing.domain.prepared import ready_book
from routing.domain.roles import Actor
from routing.errors import Invalid
from routing.models import DestinationKind
from routing.queries.desk import Desk

LONG_FROM = 80
# Which field shows what an action refuses about a part of a judgement.
_FIELD_OF = {"comment": "ask_note", "to": "reassign_to", "type": "where", "destination": "where"}
_OWN_FIELDS = frozenset({"decline_reason", "redo_note", "reassign_to", "where", "checks", "new_type"})
EDITED = ("field:", "draft:", "input:", "none:", "result:", "checks")

Choices = list[tuple[str, str | list[tuple[str, str]]]]


class TextField(forms.CharField):
    """A text kept exactly as typed, with the line ends of the desk's own texts."""

    def __init__(self, *, label: str, initial: str = "", long: bool = True) -> None:
        attributes = {"rows": 2, "data-edit": ""}
        widget = forms.Textarea(attrs=attributes) if long else forms.TextInput(attrs={"data-edit": ""})
        super().__init__(
            label=label, initial=initial, required=False, strip=False, max_length=LONGEST_TEXT, widget=widget
        )

    def to_python(self, value: object) -> str:
        """Return the text with plain line ends."""
        return plain_lines(str(super().to_python(value) or ""))


def plain_lines(text: str) -> str:
    """Return a text as browsers send it with the line ends of the desk's own texts."""
    return text.replace("\r\n", "\n")


class VerdictForm(forms.Form):
    """Everything that can be typed on one review.

    Fields that change the proposal are named ``field:NAME`` (an output), ``draft:FACT`` (texts in a request),
    ``input:NAME`` and ``none:NAME`` (facts), ``result:NAME`` (a task) and ``where`` (a route). ``checks`` are the
    points of the queue's checklist, for what can be approved.
    """

    required_css_class = "required"

    def __init__(self, data: QueryDict | None = None, *, review: Review, desk: Desk, actor: Actor) -> None:
        super().__init__(data)
        self.review, self.desk, self.actor = review, desk, actor
        self.kind = str(review.proposal.get("kind", ""))
        self._add_proposal_fields()
        self._add_checks()
        self._add_common_fields()

    def _add_checks(self) -> None:
        points = self.review.checklist
        if points:
            changed = {"invalid_choice": "The list has changed meanwhile. Go through it once more."}
            self.fields["checks"] = forms.MultipleChoiceField(
                label="Check before you approve",
                required=False,
                choices=[(point, point) for point in points],
                widget=forms.CheckboxSelectMultiple,
                error_messages=changed,
            )

    def _add_common_fields(self) -> None:
        note = forms.Textarea(attrs={"rows": 2})
        label = "What was done" if self.kind == "task" else "Comment"
        self.fields["comment"] = forms.CharField(label=label, required=False, max_length=2000, widget=note)
        self.fields["decline_reason"] = forms.CharField(
            label="Why not?", required=False, max_length=2000, widget=forms.Textarea(attrs={"rows": 2})
        )
        self.fields["reopen"] = forms.BooleanField(
            label="Reopen the request: the rules decide it from the start", required=False
        )
        self.fields["redo_note"] = forms.CharField(
            label="What should be different?",
            help_text="The AI agent reads this and writes anew, from its own text and not from what you changed in it. "
            "You or a colleague see it again.",
            required=False,
            max_length=2000,
            widget=forms.Textarea(attrs={"rows": 2}),
        )
        self.fields["new_type"] = forms.ChoiceField(
            label="It is of the type",
            help_text="Its rules decide from the start. What is known of the request stays; this proposal is not used.",
            required=False,
            choices=[("", "Choose"), *self._other_types()],
        )
        self.fields["reassign_to"] = forms.ChoiceField(label="Give to", required=False, choices=self._colleagues())
        self.fields["reassign_note"] = forms.CharField(
            label="Note for them", required=False, max_length=2000, widget=forms.Textarea(attrs={"rows": 2})
        )
        self.fields["ask_inputs"] = forms.MultipleChoiceField(
            label="Ask for",
            required=False,
            choices=[(spec.name, spec.label) for spec in self._specs() if spec.kind is not Kind.FILE],
            widget=forms.CheckboxSelectMultiple,
        )
        self.fields["ask_note"] = forms.CharField(
            label="Your question",
            help_text="The requester reads this.",
            required=False,
            max_length=2000,
            widget=forms.Textarea(attrs={"rows": 2}),
        )

    def _specs(self) -> tuple[InputSpec, ...]:
        return self.desk.catalogue(self.review.item.work_type_id).inputs

    @property
    def can_retype(self) -> bool:
        """Whether the item can be of another type."""
        return bool(self._other_types())

    def _types(self) -> list[tuple[str, str]]:
        rows = sorted(self.desk.types.items())
        return [(slug, row.name) for slug, row in rows if row.active and self.actor.may_see_type(row.pk)]

    def _other_types(self) -> list[tuple[str, str]]:
        mine = self.review.item.work_type
        return [(slug, name) for slug, name in self._types() if mine is None or slug != mine.slug]

    def _colleagues(self) -> Choices:
        queues = [(f"queue:{queue.slug}", str(queue)) for queue in queues_for(self.review)]
        people = [
            (f"person:{user.get_username()}", user.display_name())
            for user in takers_of(self.review)
            if user.pk != self.actor.user_id
        ]
        return [("", "Choose a queue or a person"), ("Queues", queues), ("People", people)]

    def _add_proposal_fields(self) -> None:
        match self.kind:
            case "output":
                for name, text in _texts(self.review.proposal.get("fields")).items():
                    self.fields[f"field:{name}"] = TextField(label=_label(name), initial=text, long=_is_long(text))
            case "calls":
                catalogue = self.desk.catalogue(self.review.item.work_type_id)
                for fact, text in _texts(self.review.proposal.get("drafts")).items():
                    label = catalogue.label(fact)
                    self.fields[f"draft:{fact}"] = TextField(label=_label(label), initial=text, long=_is_long(text))
            case "facts":
                self._add_inputs()
            case "route" | "continue":
                self.fields["where"] = forms.ChoiceField(
                    label="Where should it go?", required=False, choices=self._places(), initial=self._suggested()
                )
            case "check" if not self.review.about:
                done = [(step.name, str(step.destination)) for step in suspects(self.review.item, self.review.run)]
                self.fields["blames"] = forms.ChoiceField(
                    label="Whose work was it?", required=False, choices=[("", "Nobody's in particular"), *done]
                )
            case "task":
                for name in self._result_names():
                    self.fields[f"result:{name}"] = TextField(label=_label(name), long=False)

    def _add_inputs(self) -> None:
        names = self.review.proposal.get("names")
        wanted = [str(name).removeprefix("input.") for name in names] if isinstance(names, list) else []
        specs = {spec.name: spec for spec in self._specs()}
        for name in wanted:
            spec = specs.get(name.partition(".")[0])
            if spec is not None:
                self.fields[f"input:{spec.name}"] = input_field(spec)
                self.fields[f"none:{spec.name}"] = forms.BooleanField(label="There is none", required=False)

    def _places(self) -> Choices:
        types = [(f"type:{slug}", name) for slug, name in self._types()]
        places = [
            (f"destination:{slug}", place.row.name)
            for slug, place in sorted(self.desk.places.items())
            if place.row.kind != DestinationKind.SOURCE
        ]
        groups: Choices = [("Send it to", places)]
        if self.kind == "route":
            groups.insert(0, ("It is work of the type", types))
        return [("", "Choose"), *groups]

    def _suggested(self) -> str:
        for part in ("type", "destination"):
            value = str(self.review.proposal.get(part) or "")
            if value:
                return f"{part}:{value}"
        return ""

    def _result_names(self) -> list[str]:
        """Return the names of results that rules of the item's type read from this queue."""
        type_id = self.review.item.work_type_id
        prefix = f"reviews.{self.review.queue.slug}.result."
        book = ready_book(self.desk.book(type_id).rules, self.desk.catalogue(type_id))
        names = {name for rule in book.rules for name in rule.reads if name.startswith(prefix)}
        return sorted(name.removeprefix(prefix) for name in names)

    def edited(self) -> dict[str, str]:
        """Return the texts of the proposal that were changed, by field name; the form has been validated.

        A text is compared with the one that was shown (``was:NAME``), which the proposal may no longer hold.
        """
        found = {}
        for name in self.text_names():
            if name in self.cleaned_data:
                shown = plain_lines(self.data.get(f"was:{name}", str(self.fields[name].initial or "")))
                if self.cleaned_data[name] != shown:
                    found[name] = self.cleaned_data[name]
        return found

    def text_names(self) -> list[str]:
        """Return the names of the fields that hold texts of the proposal."""
        return [name for name in self.fields if name.startswith(("field:", "draft:"))]

    def rebased(self) -> "VerdictForm":
        """Return the form on the proposal as it is now: changed texts are kept, the others follow the proposal.

        What was ticked about another proposal is to be ticked again.
        """
        edited, data = self.edited(), cast("QueryDict", self.data).copy()
        for name in self.text_names():
            now = str(self.fields[name].initial or "")
            data[f"was:{name}"] = now
            data[name] = edited.get(name, now)
        if data.get("digest") != self.review.digest:
            data.setlist("checks", [])
        form = VerdictForm(data, review=self.review, desk=self.desk, actor=self.actor)
        form.is_valid()
        return form

    def with_texts(self, texts: Mapping[str, str], comment: str) -> "VerdictForm":
        """Return the form as if these texts, by field name, and this comment had just been typed."""
        data = QueryDict(mutable=True)
        for name in self.text_names():
            shown = str(self.fields[name].initial or "")
            data[f"was:{name}"], data[name] = shown, texts.get(name, shown)
        data["comment"] = comment
        form = VerdictForm(data, review=self.review, desk=self.desk, actor=self.actor)
        form.is_valid()
        return form

    def has_typed(self) -> bool:
        """Return whether a request brought texts of the proposal along, to be shown again."""
        return any(name.startswith(EDITED) for name in self.data)

    def judgement(self) -> Judgement:
        """Return what was decided; raises Invalid with a message per field. The form has been validated."""
        verdict = str(self.data.get("verdict", ""))
        given = self.cleaned_data
        if verdict == "retype":
            if not given["new_type"]:
                raise Invalid("Choose the type.", {"new_type": "Choose the type."})
            return Judgement("correct", {"type": given["new_type"]}, comment=given["comment"])
        if verdict not in KINDS:
            raise Invalid("Nothing was decided. Use one of the buttons below.")
        match verdict:
            case "reject":
                if not given["decline_reason"].strip():
                    raise Invalid("Say why, in a few words.", {"decline_reason": "Say why, in a few words."})
                reopen = self.kind == "check" and given["reopen"]
                blames = given.get("blames", "")
                return Judgement("reject", comment=given["decline_reason"], reopen=reopen, blames=blames)
            case "reassign":
                if not given["reassign_to"]:
                    message = "Choose a queue or a person."
                    raise Invalid(message, {"reassign_to": message})
                return Judgement("reassign", to=given["reassign_to"], comment=given["reassign_note"])
            case "ask":
                return Judgement("ask", inputs=tuple(given["ask_inputs"]), comment=given["ask_note"])
            case "redo":
                if not given["redo_note"].strip():
                    raise Invalid("Say what should be different.", {"redo_note": "Say what should be different."})
                return Judgement("redo", comment=given["redo_note"])
            case "complete":
                result = {name.removeprefix("result:"): text for name, text in self._typed("result:").items() if text}
                return Judgement("complete", result=result, comment=given["comment"])
        return self._about_proposal(verdict)

    def _typed(self, prefix: str) -> dict[str, str]:
        return {name: text for name, text in self.cleaned_data.items() if name.startswith(prefix)}

    def _about_proposal(self, verdict: str) -> Judgement:
        comment = self.cleaned_data["comment"]
        checks = () if self.kind == "continue" and verdict == "correct" else self._checks()
        match self.kind:
            case "facts":
                return Judgement("correct", {"inputs": self._inputs()}, comment=comment)
            case "route":
                return self._route(comment)
            case "continue" if verdict == "correct":
                return self._route(comment)
            case "output" | "calls":
                return replace(self._texts(verdict, comment), checks=checks)
        return Judgement(verdict, comment=comment, checks=checks)

    def _checks(self) -> tuple[str, ...]:
        """Return the points of the checklist; raises Invalid while one is not ticked."""
        if "checks" not in self.fields:
            return ()
        ticked = self.cleaned_data["checks"]
        left = sum(point not in ticked for point in self.review.checklist)
        if left:
            which = "One point is" if left == 1 else f"{left} points are"
            message = f"{which} not ticked yet. Tick each one before you approve."
            raise Invalid(message, {"checks": message})
        return tuple(self.review.checklist)

    def _route(self, comment: str) -> Judgement:
        where = self.cleaned_data["where"]
        if not where:
            message = "Choose where it should go."
            raise Invalid(message, {"where": message})
        if where == self._suggested():
            return Judgement("approve", comment=comment)
        part, _, slug = where.partition(":")
        return Judgement("correct", {part: slug}, comment=comment)

    def _texts(self, verdict: str, comment: str) -> Judgement:
        edited = self.edited()
        if verdict == "approve":
            if edited:
                raise Invalid("You changed the text. Choose “Fix and approve” to use it as you changed it.")
            return Judgement("approve", comment=comment)
        part = "fields" if self.kind == "output" else "drafts"
        return Judgement(
            verdict, {part: {name.partition(":")[2]: text for name, text in edited.items()}}, comment=comment
        )

    def _inputs(self) -> dict[str, object]:
        given: dict[str, object] = {}
        wrong = {}
        for name, text in self._typed("input:").items():
            spec_name = name.removeprefix("input:")
            if self.cleaned_data.get(f"none:{spec_name}"):
                given[spec_name] = DONT_HAVE
            elif text:
                given[spec_name] = text
            else:
                wrong[name] = "Fill this in, or say that there is none."
        if wrong:
            raise Invalid("Something is still missing.", wrong)
        return given

    def take(self, error: Invalid) -> None:
        """Show what the desk refused at the fields it concerns, else above the form."""
        for name, message in error.fields.items():
            if (name in self.fields and ":" in name) or name in _OWN_FIELDS:
                self.add_error(name, message)
            elif f"input:{name}" in self.fields:
                self.add_error(f"input:{name}", message)
            elif _FIELD_OF.get(name) in self.fields:
                self.add_error(_FIELD_OF[name], str(error))
        if not self.errors or "checks" in self.errors:
            # The list stands below what may be a long proposal.
            self.add_error(None, str(error))


def _texts(given: object) -> dict[str, str]:
    return {str(name): str(text) for name, text in given.items()} if isinstance(given, Mapping) else {}


def _label(name: str) -> str:
    return capfirst(name.replace("_", " "))


def _is_long(text: str) -> bool:
    return len(text) > LONG_FROM or "\n" in text
