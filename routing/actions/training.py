"""Trains the learned router on labelled requests and stores it; the newest stored one is live."""

from collections.abc import Sequence
from dataclasses import asdict

from routing import transitions
from routing.actions.configuring import check_admin
from routing.domain.roles import Actor
from routing.errors import Invalid
from routing.models import RouterModel

LONGEST_LABEL = 60


def train_router(
    *,
    actor: Actor,
    texts: Sequence[str],
    labels: Sequence[str],
    out_of_scope: str | None = None,
    practice: bool = False,
) -> tuple[RouterModel, list[str]]:
    """Train on texts and their labels, one each; return what was stored and a report for people, a sentence a line.

    Labels are slugs of destinations or work types. Rows labelled ``out_of_scope`` are never suggested. Raises Invalid
    when the rows cannot train a router. The work processes take the new one up within some seconds.
    """
    # Training alone needs scikit-learn, which takes seconds to load.
    from routing.router import training  # noqa: PLC0415

    check_admin(actor)
    too_long = next((label for label in labels if len(label.strip()) > LONGEST_LABEL), None)
    if too_long is not None:
        raise Invalid(f"The label “{too_long[:LONGEST_LABEL]}…” has more than {LONGEST_LABEL} characters.")
    try:
        trained = training.train(texts, labels, out_of_scope=out_of_scope)
    except training.TrainingError as error:
        raise Invalid(f"The router cannot be trained: {error}.") from error
    row = RouterModel.objects.create(
        content=trained.model.to_bytes(),
        labels=list(trained.model.labels),
        report=asdict(trained.report),
        rows=trained.report.rows,
        practice=practice,
        trained_at=transitions.database_now(),
    )
    return row, trained.report.lines()
