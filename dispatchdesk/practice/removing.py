"""Takes the practice desk out again. What people sent themselves stays, and what is open of it goes to Triage."""

from functools import partial

from django.conf import settings
from django.db import transaction
from django.db.models import Q, QuerySet

from dispatchdesk.accounts.models import User
from dispatchdesk.practice import accounts
from dispatchdesk.practice.models import PracticeDesk, PracticeItem
from dispatchdesk.practice.servers.place import forget_port
from dispatchdesk.practice.work_kinds import WORK_KINDS
from reviews.models import Review, Verdict
from routing import events, transitions
from routing.actions import moving
from routing.domain import rulefile
from routing.domain.conditions import reads
from routing.domain.roles import Actor, Role
from routing.domain.rules import Escalate, Go
from routing.domain.states import OPEN_STATES
from routing.models import (
    Attachment,
    Decision,
    Destination,
    Event,
    RouterModel,
    Rulebook,
    RulebookVersion,
    Step,
    WorkItem,
    WorkType,
)
from routing.queries.desk import FALLBACK_QUEUE

TOOLS_FILE = "practice-tools.jsonl"
_WHY = "The practice desk was removed."


def remove() -> list[str]:
    """Remove all of the practice desk; returns a sentence for each thing that stays because own requests name it.

    Own requests that practice rules or people hold go to Triage as tasks, since those rules go. Types and destinations
    that own requests name stay for the record, out of use, and so do practice people who did something with them. What
    own rules name stays in use. Removing what is not there changes nothing.
    """
    kept = []
    if PracticeDesk.objects.exists():
        with transaction.atomic():
            _remove_items()
            _hand_over()
            kept = [*_remove_types(), *_remove_places()]
            RouterModel.objects.filter(practice=True).delete()
            _remove_people()
            PracticeDesk.objects.all().delete()
    accounts.forget_accounts()
    forget_port(settings.DESK_DATA)
    (settings.DESK_DATA / TOOLS_FILE).unlink(missing_ok=True)
    return kept


def _remove_items() -> None:
    ids = list(PracticeItem.objects.values_list("item_id", flat=True))
    transitions.lock(ids)
    files = list(Attachment.objects.filter(item_id__in=ids))
    events.remove(ids)
    WorkItem.objects.filter(pk__in=ids).delete()
    for attachment in files:
        transaction.on_commit(partial(attachment.content.storage.delete, str(attachment.content.name)))


_TYPES = [kind.slug for kind in WORK_KINDS]


def _hand_over() -> None:
    """Send own open requests that practice rules, people or destinations hold to Triage."""
    remover = Actor(role=Role.ADMIN, name="manage.py practice remove")
    practice_step = Q(steps__status__in=[Step.DUE, Step.RUNNING], steps__destination__practice=True)
    practice_review = Q(reviews__status=Review.OPEN, reviews__queue__destination__practice=True)
    in_triage = Q(reviews__status=Review.OPEN, reviews__queue__destination__slug=FALLBACK_QUEUE)
    held = WorkItem.objects.filter(Q(work_type__slug__in=_TYPES) | practice_step | practice_review & ~in_triage)
    for item_id in sorted(set(held.filter(state__in=OPEN_STATES).values_list("pk", flat=True))):
        moving.move(actor=remover, item_id=item_id, to=f"queue:{FALLBACK_QUEUE}", reason=_WHY)


def _remove_types() -> list[str]:
    kept = []
    for row in WorkType.objects.filter(slug__in=_TYPES):
        versions = RulebookVersion.objects.filter(rulebook__work_type=row)
        if not WorkItem.objects.filter(work_type=row).exists() and not Decision.objects.filter(version__in=versions):
            row.delete()
            continue
        row.active = False
        row.save(update_fields=["active"])
        _retire(versions)
        kept.append(f"The type {row.name} stays, out of use, since requests of your own have it.")
    first_look = RulebookVersion.objects.filter(rulebook__work_type__isnull=True)
    if first_look.filter(published_by__isnull=False).exists():
        kept.append("The rules of First look stay, since you have published some of your own.")
    elif Decision.objects.filter(version__in=first_look).exists():
        _retire(first_look)
    else:
        Rulebook.objects.filter(work_type__isnull=True).delete()
    return kept


def _retire(versions: QuerySet[RulebookVersion]) -> None:
    versions.filter(status=RulebookVersion.DRAFT).delete()
    versions.filter(status=RulebookVersion.PUBLISHED).update(status=RulebookVersion.RETIRED)


def _remove_places() -> list[str]:
    kept = []
    named = _named_by_rules()
    for place in Destination.objects.select_for_update().filter(practice=True):
        reviews = Review.objects.filter(queue__destination=place)
        is_recorded = reviews.exists() or Step.objects.filter(destination=place).exists()
        is_needed = place.slug in named or reviews.filter(status=Review.OPEN).exists()
        if not is_recorded and not is_needed:
            place.delete()
            continue
        place.practice, place.archived = False, not is_needed
        place.save(update_fields=["practice", "archived"])
        if is_needed:
            kept.append(f"{place.name} stays, since requests or rules of your own need it.")
    return kept


def _named_by_rules() -> set[str]:
    """Return the destinations and queues that the rules which stay name."""
    named: set[str] = set()
    for version in RulebookVersion.objects.filter(status=RulebookVersion.PUBLISHED):
        book = rulefile.read(version.content)
        named.add(book.fallback_queue)
        for rule in book.rules:
            match rule.then:
                case Go(to=to, approved_by=approver):
                    named |= {*to, approver}
                case Escalate(queue=queue, about=about):
                    named |= {queue, about}
            named |= {name.split(".")[1] for name in reads(rule.when) if name.startswith("source.")}
    return named


def _remove_people() -> None:
    """Remove the practice people; those whom the record of own requests names can no longer sign in."""
    for user in User.objects.filter(username__in=[person.username for person in accounts.PEOPLE]):
        named = Event.objects.filter(actor_id=user.pk).exists() or Verdict.objects.filter(by=user).exists()
        if not named:
            user.delete()
            continue
        user.is_active = False
        user.set_unusable_password()
        user.save(update_fields=["is_active", "password"])
