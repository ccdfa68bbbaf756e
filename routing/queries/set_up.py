"""How far the desk is set up: the steps to a first answered request, the model, and the learned router."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import urlsplit

from django.conf import settings
from django.contrib.auth import get_user_model
from django.db.models import Q

from routing.domain.roles import Role
from routing.kinds import people
from routing.models import (
    DeskSwitches,
    Destination,
    DestinationKind,
    RouterLabel,
    RouterModel,
    RulebookVersion,
    WorkItem,
    WorkType,
)


@dataclass(frozen=True, slots=True)
class SetUpStep:
    """One step to a working desk: what to do, whether it is done, and the name of the page where it is done."""

    title: str
    text: str
    done: bool
    address: str = ""
    link: str = ""


@dataclass(frozen=True, slots=True)
class RouterState:
    """The learned router: when and on what it was trained, what its report says, and the labels kept since."""

    trained_at: datetime | None
    rows: int
    labels: int
    practice: bool
    report: Mapping[str, object]
    kept_labels: int
    new_labels: int
    backend: str

    @property
    def shares(self) -> list[tuple[str, str]]:
        """The measured shares in words, those that were measured."""
        words = (
            ("accuracy", "Right on requests held back"),
            ("coverage", "Sure enough to go by itself"),
            ("accuracy_when_sure", "Right when it was sure"),
            ("outside_detected", "Out of scope, and noticed"),
        )
        found = [(label, self.report.get(name)) for name, label in words]
        return [(label, f"{share * 100:.1f} %") for label, share in found if isinstance(share, int | float)]


def router_state() -> RouterState:
    """Return what is known about the learned router, trained or not."""
    newest = RouterModel.objects.defer("content").first()
    labels = RouterLabel.objects.all()
    since = labels.filter(at__gt=newest.trained_at) if newest else labels
    return RouterState(
        trained_at=newest.trained_at if newest else None,
        rows=newest.rows if newest else 0,
        labels=len(newest.labels) if newest else 0,
        practice=newest.practice if newest else False,
        report=newest.report if newest else {},
        kept_labels=labels.count(),
        new_labels=since.count(),
        backend="model" if settings.ROUTER == "model" else "learned",
    )


def model_in_use() -> tuple[str, str]:
    """Return the host and the name of the model that AI agents ask; empty texts when there is none."""
    return urlsplit(settings.AI_BASE_URL).netloc.rpartition("@")[2], settings.AI_MODEL


def switches() -> DeskSwitches:
    """Return the desk-wide switches."""
    return DeskSwitches.objects.filter(pk=1).first() or DeskSwitches()


def set_up_steps() -> list[SetUpStep]:
    """Return the steps to a working desk in the order in which they are best done."""
    in_use = Destination.objects.filter(archived=False)
    queues = list(in_use.filter(kind=DestinationKind.QUEUE))
    unstaffed = [problem for queue in queues for problem in people().problems(queue)]
    staffed = bool(queues) and not unstaffed
    users = get_user_model().objects.filter(is_active=True).exclude(role__in=[Role.INTAKE.value])
    rules = RulebookVersion.objects.filter(status=RulebookVersion.PUBLISHED)
    intake = WorkItem.objects.exists() or WorkType.objects.filter(Q(public_form=True)).exists()
    host, model = model_in_use()
    return [
        SetUpStep(
            "Connect a model",
            f"AI agents ask {model} at {host}."
            if host
            else "Set AI_BASE_URL, AI_MODEL and AI_API_KEY where the desk is started, then start it again.",
            bool(host),
        ),
        SetUpStep(
            "Declare a work type",
            "What a kind of request needs to be known before it can be worked on.",
            WorkType.objects.exists(),
            "routing:work_types",
            "Work types",
        ),
        SetUpStep(
            "Add a data source",
            "Where facts come from: your systems, an uploaded table, or a text such as brand rules.",
            in_use.filter(kind=DestinationKind.SOURCE).exists(),
            "routing:destinations",
            "Destinations",
        ),
        SetUpStep(
            "Write and publish rules",
            "Where requests go next, and where they must stop for a person.",
            rules.exists(),
            "routing:rulebooks",
            "Rulebooks",
        ),
        SetUpStep(
            "Add people, and staff a queue",
            unstaffed[0] if unstaffed else "Who decides what the rules leave to people.",
            staffed and users.count() > 1,
            "people:list" if staffed else "queues:list",
            "People" if staffed else "Queues",
        ),
        SetUpStep(
            "Let requests in",
            "Write one yourself, open a public form, or create a token: manage.py create_token NAME --role intake",
            intake,
            "routing:new_item",
            "New request",
        ),
    ]
