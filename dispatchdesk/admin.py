"""The desk's records in Django's admin: to look at, never to change, for all moves go through the transitions."""

from django.contrib import admin
from django.db.models import Model
from django.http import HttpRequest

from dispatchdesk.accounts.admin_site import is_admin
from reviews.models import Review
from routing.models import Decision, Event, FactRevision, Step, WorkItem


class RecordAdmin(admin.ModelAdmin):  # type: ignore[type-arg]
    """Shows rows to admins and changes nothing. Large tables are neither counted nor joined."""

    show_full_result_count = False
    list_per_page = 50
    actions = None

    def has_module_permission(self, request: HttpRequest) -> bool:
        """Admins of the desk."""
        return is_admin(request)

    def has_view_permission(self, request: HttpRequest, _obj: Model | None = None) -> bool:
        """Admins of the desk."""
        return is_admin(request)

    def has_add_permission(self, _request: HttpRequest) -> bool:
        """Nobody."""
        return False

    def has_change_permission(self, _request: HttpRequest, _obj: Model | None = None) -> bool:
        """Nobody."""
        return False

    def has_delete_permission(self, _request: HttpRequest, _obj: Model | None = None) -> bool:
        """Nobody."""
        return False


@admin.register(WorkItem)
class WorkItemAdmin(RecordAdmin):
    """Items."""

    list_display = ("code", "title", "work_type", "state", "owner_name", "created_at")
    list_filter = ("state", "work_type")
    list_select_related = ("work_type",)
    search_fields = ("title",)
    exclude = ("chain_head", "intake_digest")


@admin.register(Step)
class StepAdmin(RecordAdmin):
    """Steps."""

    list_display = ("id", "item", "name", "status", "attempts", "cause", "created_at", "ended_at")
    list_filter = ("status", "kind")
    list_select_related = ("item",)


@admin.register(Review)
class ReviewAdmin(RecordAdmin):
    """Reviews."""

    list_display = ("id", "item", "queue", "kind", "cause", "status", "arrived_at", "claimed_by")
    list_filter = ("status", "kind", "queue")
    list_select_related = ("item", "queue__destination", "claimed_by")


@admin.register(Decision)
class DecisionAdmin(RecordAdmin):
    """What the rules answered."""

    list_display = ("id", "item", "version", "rule_id", "kind", "cause", "decided_at")
    list_filter = ("kind",)
    list_select_related = ("item", "version__rulebook__work_type")


@admin.register(Event)
class EventAdmin(RecordAdmin):
    """The ledger."""

    list_display = ("id", "item", "seq", "kind", "state_from", "state_to", "actor_role", "at")
    list_filter = ("kind",)
    list_select_related = ("item",)
    exclude = ("hash", "xid")


@admin.register(FactRevision)
class FactRevisionAdmin(RecordAdmin):
    """Facts as they came in."""

    list_display = ("id", "item", "seq", "name", "status", "provider", "at")
    list_filter = ("status",)
    list_select_related = ("item",)
