"""Rulebooks change by drafts: saved, checked, published as a version, and retired by the next."""

from collections.abc import Mapping
from dataclasses import dataclass

from routing import transitions
from routing.actions.configuring import check_admin
from routing.crash_points import one_transaction
from routing.domain import faults, rulefile
from routing.domain.roles import Actor
from routing.errors import Conflict, Invalid
from routing.models import Rulebook, RulebookVersion
from routing.queries import desk as desk_queries
from routing.queries.backtests import Freshness, Standing, standing_of
from routing.queries.examples import ExampleResult, example_results
from routing.queries.findings import version_findings


def save_draft(
    *, actor: Actor, rulebook_id: int, content: Mapping[str, object], revision: int | None = None, note: str = ""
) -> RulebookVersion:
    """Store the draft of a rulebook, made if there is none.

    ``revision`` is the draft's that was edited: Conflict when somebody saved another since. Raises Invalid when the
    content cannot be read, with a message per JSON pointer; a draft may still have faults that publishing refuses.
    """
    check_admin(actor)
    try:
        rulefile.read(content)
    except faults.RuleError as error:
        raise Invalid(
            "The rules could not be read.", {problem.pointer: problem.detail for problem in error.problems}
        ) from error
    with one_transaction("publishing.save_draft"):
        book = Rulebook.objects.select_for_update().get(pk=rulebook_id)
        now = transitions.database_now()
        draft = book.versions.filter(status=RulebookVersion.DRAFT).first()
        if draft is None:
            draft = RulebookVersion(
                rulebook=book, number=_newest_number(book) + 1, created_by_id=actor.user_id, created_at=now
            )
        elif revision is not None and draft.revision != revision:
            raise Conflict("Somebody else has saved this draft since you opened it. Yours is kept on this page.")
        else:
            draft.revision += 1
        draft.content, draft.note = dict(content), note or draft.note
        draft.save()
        draft.saves.create(revision=draft.revision, content=draft.content, saved_by_id=actor.user_id, saved_at=now)
        return draft


def draft_faults(draft: RulebookVersion) -> tuple[faults.Problem, ...]:
    """Return what is wrong with a draft; an empty list may be published."""
    return tuple(
        faults.Problem(finding.pointer, finding.detail)
        for finding in version_findings(draft)
        if finding.level == "error"
    )


@dataclass(frozen=True, slots=True)
class Readiness:
    """What keeps a draft from being published.

    ``faults`` must be mended, examples come out as they must, and a fresh back-test or a written reason be there.
    """

    faults: tuple[faults.Problem, ...]
    examples: list[ExampleResult]
    standing: Standing

    @property
    def needs_reason(self) -> bool:
        """Whether there is history, and no fresh back-test over it."""
        return self.standing.freshness not in {Freshness.FRESH, Freshness.NO_HISTORY}

    @property
    def red(self) -> list[ExampleResult]:
        """The examples that do not come out as they must."""
        return [result for result in self.examples if not result.green]


def readiness(draft: RulebookVersion) -> Readiness:
    """Return what keeps a draft from being published."""
    desk = desk_queries.load()
    catalogue = desk.catalogue(draft.rulebook.work_type_id)
    found = draft_faults(draft)
    # Rules with faults cannot always be asked.
    examples = [] if found else example_results(draft.rulebook_id, rulefile.read(draft.content), catalogue)
    return Readiness(found, examples, standing_of(draft, desk))


def publish(
    *, actor: Actor, version_id: int, note: str, reason: str = "", revision: int | None = None
) -> RulebookVersion:
    """Publish a draft; the version that was live is retired.

    ``reason`` says why there is no fresh back-test; it is kept with the note. ``revision`` is the draft's that was
    looked at: Conflict when somebody saved another since. Raises Invalid when it has faults or red examples, no note,
    or neither a fresh back-test nor a reason although the rulebook has decided before.
    """
    check_admin(actor)
    if not note.strip():
        raise Invalid("Say in a note what changes.", {"note": "Say what changes, for those who read it later."})
    with one_transaction("publishing.publish"):
        draft = locked_version(version_id)
        if draft.status != RulebookVersion.DRAFT:
            raise Conflict(f"Version {draft.number} is not a draft any more.")
        if revision is not None and draft.revision != revision:
            raise Conflict("Somebody else has changed this draft since you opened it. Look at it again, then publish.")
        ready = readiness(draft)
        if ready.faults:
            raise Invalid(
                "These rules cannot be published yet.", {problem.pointer: problem.detail for problem in ready.faults}
            )
        if ready.red:
            names = ", ".join(f"“{result.example.name}”" for result in ready.red[:3])
            raise Invalid(f"Examples do not come out as they must: {names}. Mend the rules or the examples.")
        if ready.needs_reason and not reason.strip():
            words = "Run a back-test of this draft, or say why it is published without one."
            raise Invalid("There is no fresh back-test.", {"reason": words})
        newest = _newest_number(draft.rulebook)
        draft.number = draft.number if draft.number == newest else newest + 1  # somebody went back meanwhile
        draft.note = note.strip()
        if ready.needs_reason:
            draft.note += f"\n\nWithout a fresh back-test: {reason.strip()}"
        _make_live(draft, actor)
        return draft


def roll_back(*, actor: Actor, version_id: int) -> RulebookVersion:
    """Make a new live version of a retired one's rules; a draft stays as it is.

    Raises Conflict when the version is not a retired one or its rules are live already, and Invalid when they no longer
    fit the desk.
    """
    check_admin(actor)
    with one_transaction("publishing.roll_back"):
        old = locked_version(version_id)
        book = old.rulebook
        if old.status != RulebookVersion.RETIRED:
            raise Conflict(f"Version {old.number} is not a retired one.")
        if book.versions.filter(status=RulebookVersion.PUBLISHED, content=old.content).exists():
            raise Conflict(f"The rules of version {old.number} are live already.")
        wrong = draft_faults(old)
        if wrong:
            details = " ".join(problem.detail for problem in wrong[:3])
            raise Invalid(f"Version {old.number} does not fit the desk as it is now. {details}")
        version = RulebookVersion(
            rulebook=book,
            number=_newest_number(book) + 1,
            content=old.content,
            note=f"Back to version {old.number}",
            created_by_id=actor.user_id,
            created_at=transitions.database_now(),
        )
        _make_live(version, actor)
        return version


def locked_version(version_id: int) -> RulebookVersion:
    """Return a version as it is, its rulebook locked; raises Conflict when somebody has thrown it away."""
    found = RulebookVersion.objects.filter(pk=version_id)
    for version in found:
        Rulebook.objects.select_for_update().get(pk=version.rulebook_id)
    locked = found.select_related("rulebook").first()
    if locked is None:
        raise Conflict("This draft is gone: somebody has thrown it away.")
    return locked


def _newest_number(book: Rulebook) -> int:
    return book.versions.order_by("-number").values_list("number", flat=True).first() or 0


def _make_live(version: RulebookVersion, actor: Actor) -> None:
    version.rulebook.versions.filter(status=RulebookVersion.PUBLISHED).update(status=RulebookVersion.RETIRED)
    version.status = RulebookVersion.PUBLISHED
    version.published_by_id, version.published_at = actor.user_id, transitions.database_now()
    version.save()
    version.saves.all().delete()


def discard_draft(*, actor: Actor, version_id: int) -> None:
    """Throw a draft away; published and retired versions stay for ever. Raises Conflict when it is gone already."""
    check_admin(actor)
    with one_transaction("publishing.discard_draft"):
        draft = locked_version(version_id)
        if draft.status == RulebookVersion.DRAFT:
            draft.delete()
