"""Builds the practice desk by the actions people use: types, queues, destinations, rules, router and requests."""

import csv
from dataclasses import asdict
from datetime import timedelta
from pathlib import Path

from django.db import transaction

from dispatchdesk.accounts.models import User
from dispatchdesk.practice import accounts, company, history, requests, rulebooks
from dispatchdesk.practice.models import PracticeDesk, PracticeItem
from dispatchdesk.practice.work_kinds import WORK_KINDS
from reviews.models import Membership, Queue
from routing import transitions
from routing.actions import configuring, publishing
from routing.domain.roles import DESK, Role
from routing.models import Destination, InputField, RouterModel, Rulebook, RulebookVersion, WorkType
from routing.router import training

ROUTER_ROWS = Path(__file__).parent / "data" / "router.csv"
OUT_OF_SCOPE = "out_of_scope"
# Long enough to have seen the first page, short enough to see something move on it.
FIRST_OF_STREAM = timedelta(seconds=20)


class AlreadyLoaded(Exception):
    """The practice desk is in use."""


class NotEmpty(Exception):
    """The desk has a set-up of its own that the practice desk would change; the message names it."""


def load(*, port: int) -> None:
    """Load the practice desk, whose servers answer at this port, in one transaction.

    Raises AlreadyLoaded, and NotEmpty where it would change something that is not its own.
    """
    _check_free()
    try:
        _load(port)
    except BaseException:
        # The accounts' file, which says that this is a practice desk, is no part of the transaction.
        accounts.forget_accounts()
        raise


def _load(port: int) -> None:
    with transaction.atomic():
        accounts.ensure_accounts()
        _make_types()
        _make_queues()
        for place in company.places(port):
            configuring.save_destination(
                actor=DESK,
                slug=place.slug,
                name=place.name,
                kind=place.kind,
                description=place.description,
                config=place.config,
                rows=place.rows,
                practice=True,
            )
        _publish_rules()
        _train_router()
        history.write()
        now = transitions.database_now()
        PracticeDesk.objects.create(loaded_at=now, next_at=now + FIRST_OF_STREAM)
        items = requests.send(list(requests.STORIES))
        PracticeItem.objects.bulk_create(
            [PracticeItem(item=item, story=sent.story) for item, sent in zip(items, requests.STORIES, strict=True)]
        )


def _check_free() -> None:
    if PracticeDesk.objects.exists():
        raise AlreadyLoaded("The practice desk is already there.")
    slugs = [kind.slug for kind in WORK_KINDS]
    taken = list(WorkType.objects.filter(slug__in=slugs).values_list("name", flat=True))
    if taken:
        raise NotEmpty(f"The work type {taken[0]} is there already, and the practice desk would change it.")
    if Rulebook.objects.filter(work_type__isnull=True, versions__isnull=False).exists():
        raise NotEmpty("First look has rules already, and the practice desk would replace them.")
    places = [*(queue.slug for queue in company.QUEUES), *(place.slug for place in company.places(port=0))]
    known = Destination.objects.filter(slug__in=places).values_list("name", flat=True).first()
    if known:
        raise NotEmpty(f"The destination {known} is there already, and the practice desk would change it.")


def _make_types() -> None:
    for kind in WORK_KINDS:
        row = WorkType.objects.create(
            slug=kind.slug,
            name=kind.name,
            description=kind.description,
            service_level_minutes=kind.service_level_minutes,
        )
        InputField.objects.bulk_create(
            [InputField(work_type=row, position=position, **given) for position, given in enumerate(kind.inputs)]
        )


def _make_queues() -> None:
    reviewers = list(User.objects.filter(role=Role.REVIEWER.value, is_active=True).order_by("pk"))
    for people in company.QUEUES:
        version = configuring.save_destination(
            actor=DESK,
            slug=people.slug,
            name=people.name,
            kind="queue",
            description=people.description,
            config={},
            practice=True,
        )
        queue = Queue.objects.create(
            destination=version.destination,
            staff_role=people.staff_role,
            instructions=people.instructions,
            checklist=people.checklist,
            service_minutes=people.service_minutes,
        )
        if not people.staff_role:
            Membership.objects.bulk_create(
                [Membership(queue=queue, user=user, lead=position == 0) for position, user in enumerate(reviewers)]
            )


def _publish_rules() -> None:
    types = {row.slug: row for row in WorkType.objects.all()}
    for slug, rules in rulebooks.PUBLISHED.items():
        book, _ = Rulebook.objects.get_or_create(work_type=types[slug] if slug else None)
        draft = _draft(book, rules)
        publishing.publish(actor=DESK, version_id=draft.pk, note="The practice desk begins with these rules")
    _draft(Rulebook.objects.get(work_type=types["support"]), rulebooks.SUPPORT_V2, note=rulebooks.SUPPORT_V2_NOTE)


def _draft(book: Rulebook, rules: list[rulebooks.Part], note: str = "") -> RulebookVersion:
    content = {"rules": rules, "fallback_queue": "triage"}
    return publishing.save_draft(actor=DESK, rulebook_id=book.pk, content=content, note=note)


def _train_router() -> None:
    with ROUTER_ROWS.open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    trained = training.train([row["text"] for row in rows], [row["label"] for row in rows], out_of_scope=OUT_OF_SCOPE)
    RouterModel.objects.create(
        content=trained.model.to_bytes(),
        labels=list(trained.model.labels),
        report=asdict(trained.report),
        rows=trained.report.rows,
        practice=True,
        trained_at=transitions.database_now(),
    )
