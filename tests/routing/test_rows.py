"""Rows inserted, few or many, are the rows that Django itself would store."""

import pytest
from django.db import IntegrityError
from django.db.models import Model

from routing import transitions
from routing.domain.states import State
from routing.models import Event, FactRevision, OwnerKind, Priority, WorkItem
from routing.rows import add_all, insert, insert_values, new, new_ids
from routing.transitions import database_now

pytestmark = pytest.mark.django_db

AWKWARD = "a\tb\nc\\N 'd' \"e\" {f} %s ö 🙂 \\. "


def item(**given: object) -> WorkItem:
    now = database_now()
    common = {"created_at": now, "updated_at": now, "owner_since": now, "state": State.INCOMING, "title": "one"}
    return WorkItem(**{**common, **given})


def stored(row: Model) -> dict[str, object]:
    [found] = type(row)._default_manager.filter(pk=row.pk).values()
    return {name: value for name, value in found.items() if name != "id"}


@pytest.mark.parametrize(
    "given",
    [
        {},
        {"title": AWKWARD, "text": AWKWARD, "tags": [AWKWARD, "", "NULL", "a,b"], "trigger_by": "\\N"},
        {"priority": Priority.URGENT, "owner_kind": OwnerKind.QUEUE, "chain_head": b"\x00\\\xff", "review_id": 2**40},
    ],
)
def test_an_item_is_stored_as_django_stores_it(given: dict[str, object]) -> None:
    one, saved = item(**given), item(**given)
    saved.created_at, saved.updated_at, saved.owner_since = one.created_at, one.updated_at, one.owner_since
    [one.pk] = new_ids(WorkItem, 1)
    insert([one])
    saved.save()
    assert stored(one) == stored(saved)
    assert saved.pk > one.pk
    one.title = "another"
    one.save()
    assert stored(one)["title"] == "another"


def test_a_new_row_is_the_one_that_django_makes_and_shares_nothing() -> None:
    given = {"title": AWKWARD, "priority": Priority.URGENT, "work_type_id": 3}
    made, by_django = new(WorkItem, **given), WorkItem(**given)
    assert {**vars(made), "_state": 0} == {**vars(by_django), "_state": 0}
    assert made._state.adding
    made.tags.append("mine")
    assert new(WorkItem).tags == []
    with pytest.raises(TypeError, match="no colour"):
        new(WorkItem, colour="red")


@pytest.mark.parametrize("value", [None, False, 0, "", AWKWARD, [], {"a": [AWKWARD, None]}])
def test_a_fact_is_stored_as_django_stores_it(value: object) -> None:
    of = item()
    of.save()
    facts = [
        FactRevision(item=of, seq=seq, name="input.a", status="known", value=value, provider="text", at=of.created_at)
        for seq in (1, 2)
    ]
    insert(facts[:1])
    facts[1].save()
    one, saved = FactRevision.objects.filter(item=of).values()
    assert {**one, "seq": 2, "id": saved["id"]} == saved
    kinds = FactRevision.objects.filter(item=of).values_list("value__isnull", flat=True)
    assert len(set(kinds)) == 1


def test_events_are_numbered_by_the_database_and_refused_twice_by_django_s_error() -> None:
    of = item()
    of.save()
    given = {"item": of, "kind": "received", "actor_role": "system", "state_to": "incoming", "at": of.created_at}
    insert([Event(seq=seq, data={"a": AWKWARD}, hash=b"\x00", **given) for seq in range(1, 6)])
    Event(seq=6, data={"a": AWKWARD}, hash=b"\x00", **given).save()
    rows = [{**row, "id": 0, "seq": 0} for row in Event.objects.filter(item=of).values()]
    assert rows == [rows[0]] * 6
    with pytest.raises(IntegrityError):
        insert([Event(seq=1, hash=b"\x00", **given)])


@pytest.mark.parametrize("count", [1, 2, 3])
def test_values_are_stored_as_the_row_of_them_is(count: int) -> None:
    of = item()
    of.save()
    given = {"item_id": of.pk, "kind": "received", "actor_role": "system", "actor_id": None, "state_from": ""}
    given |= {"state_to": "incoming", "old_type_id": None, "new_type_id": None, "data": {"a": AWKWARD}}
    given |= {"at": of.created_at, "hash": b"\x00"}
    Event(seq=0, **given).save()
    insert_values(Event, [{**given, "seq": seq} for seq in range(1, count + 1)])
    saved, *rows = [{**row, "id": 0, "seq": 0} for row in Event.objects.filter(item=of).values()]
    assert rows == [saved] * count


@pytest.mark.parametrize("count", [1, 2, 3])
def test_rows_are_told_their_own_ids(count: int) -> None:
    of = item()
    of.save()
    given = {"item": of, "kind": "received", "actor_role": "system", "state_to": "incoming", "at": of.created_at}
    rows = [Event(seq=seq, hash=b"\x00", **given) for seq in range(1, count + 1)]
    add_all(rows)
    assert {row.pk: row.seq for row in rows} == dict(Event.objects.filter(item=of).values_list("pk", "seq"))


def test_a_move_writes_every_column_of_its_event() -> None:
    of_database = {"id", "xid"}
    assert set(transitions._EVENT_COLUMNS) == {field.column for field in Event._meta.concrete_fields} - of_database


def test_no_rows_are_no_statement(django_assert_num_queries: pytest.FixtureRequest) -> None:
    with django_assert_num_queries(0):  # type: ignore[operator]
        insert([])
        insert_values(Event, [])
