"""Admins set up destinations, credentials and the desk's switches."""

from collections.abc import Mapping

from django.db.models import Max

from routing import transitions
from routing.crash_points import one_transaction
from routing.domain.roles import Actor, Role
from routing.errors import Invalid, NotAllowed
from routing.models import Credential, DeskSwitches, Destination, DestinationVersion, TableRow
from routing.outgoing.credentials import PURPOSE, origin_of
from routing.outgoing.encryption import encrypt

LONGEST_KEY = 200
_STATUS_ROLES = {Role.OPERATOR, Role.ADMIN, Role.SYSTEM}


def save_destination(
    *,
    actor: Actor,
    slug: str,
    name: str,
    kind: str,
    config: Mapping[str, object],
    description: str = "",
    practice: bool = False,
    rows: list[Mapping[str, object]] | None = None,
) -> DestinationVersion:
    """Make a destination or a new version of it.

    ``rows`` is an uploaded table whose key column is ``config["key_column"]``. A credential that belongs to another
    origin than the new address is dropped. Raises Invalid when the slug belongs to another kind or a key repeats.
    """
    check_admin(actor)
    with one_transaction("configuring.save_destination"):
        place, made = Destination.objects.select_for_update().get_or_create(
            slug=slug, defaults={"name": name, "kind": kind, "description": description, "practice": practice}
        )
        if not made:
            if place.kind != kind:
                raise Invalid(f"“{slug}” is already the name of another kind of destination.", {"slug": "in use"})
            place.name, place.description, place.archived = name, description, False
            place.save(update_fields=["name", "description", "archived"])
        number = place.versions.aggregate(newest=Max("number"))["newest"] or 0
        version = DestinationVersion.objects.create(
            destination=place,
            number=number + 1,
            config=_with_fitting_credential(config),
            created_by_id=actor.user_id,
            created_at=transitions.database_now(),
        )
        if rows is not None:
            _store_rows(version, rows)
        elif config.get("via") == "table" and number:
            _copy_rows(place, version)
        return version


def _with_fitting_credential(config: Mapping[str, object]) -> dict[str, object]:
    kept = dict(config)
    given = kept.get("credential")
    credential = Credential.objects.filter(pk=int(str(given))).first() if given else None
    if credential is None or credential.origin != origin_of(str(kept.get("url", ""))):
        kept["credential"] = None
    return kept


def _store_rows(version: DestinationVersion, rows: list[Mapping[str, object]]) -> None:
    column = str(version.config.get("key_column", ""))
    found: dict[str, Mapping[str, object]] = {}
    for number, row in enumerate(rows, start=1):
        key = str(row.get(column, "")).strip().lower()
        if len(key) > LONGEST_KEY:
            raise Invalid(f"Row {number}: a key has at most {LONGEST_KEY} characters.", {"table": "key too long"})
        if not key:
            raise Invalid(f"Row {number} has nothing in the key column “{column}”.", {"table": "key missing"})
        if key in found:
            raise Invalid(f"Row {number}: the key “{key}” is there twice.", {"table": "key repeated"})
        found[key] = row
    TableRow.objects.bulk_create([TableRow(version=version, key=key, data=dict(row)) for key, row in found.items()])


def _copy_rows(place: Destination, version: DestinationVersion) -> None:
    before = place.versions.filter(number=version.number - 1).first()
    rows = TableRow.objects.filter(version=before)
    TableRow.objects.bulk_create([TableRow(version=version, key=row.key, data=row.data) for row in rows])


def save_credential(*, actor: Actor, name: str, header: str, url: str, secret: str) -> Credential:
    """Store a secret for one origin, encrypted; one of the same name is replaced."""
    check_admin(actor)
    row, _ = Credential.objects.update_or_create(
        name=name,
        defaults={
            "header": header,
            "origin": origin_of(url),
            "secret": encrypt(secret, PURPOSE),
            "updated_at": transitions.database_now(),
        },
    )
    return row


def set_destination_status(*, actor: Actor, slug: str, paused: bool) -> Destination:
    """Pause a destination, so that its steps wait, or let it go on."""
    if actor.role not in _STATUS_ROLES:
        raise NotAllowed("Only operators and admins pause destinations.")
    with one_transaction("configuring.set_destination_status"):
        place = Destination.objects.select_for_update().get(slug=slug)
        place.status = Destination.PAUSED if paused else Destination.ON
        place.failures_in_a_row, place.failing_since, place.probe_at = 0, None, None
        place.save(update_fields=["status", "failures_in_a_row", "failing_since", "probe_at"])
        return place


def pause_writes(*, actor: Actor, paused: bool) -> DeskSwitches:
    """Hold back every write of the desk, or let them go on."""
    if actor.role not in _STATUS_ROLES:
        raise NotAllowed("Only operators and admins pause writes.")
    row, _ = DeskSwitches.objects.update_or_create(
        pk=1,
        defaults={
            "writes_paused": paused,
            "writes_paused_by": actor.name if paused else "",
            "writes_paused_at": transitions.database_now() if paused else None,
        },
    )
    return row


def check_admin(actor: Actor) -> None:
    """Raise NotAllowed unless the actor may change the desk's set-up."""
    if actor.role not in {Role.ADMIN, Role.SYSTEM}:
        raise NotAllowed("Only admins change the set-up.")
