"""Which fields can hold personal data of requesters, and which cannot: each field of ours stands in one of the two."""

PERSONAL: dict[str, set[str]] = {
    "routing.WorkItem": {
        *("title", "text", "requester_name", "requester_email", "trigger_by", "intake_key", "intake_digest"),
    },
    "routing.Example": {"name", "facts"},
    "routing.Step": {"request", "output", "response", "error"},
    "routing.FactRevision": {"value", "quote"},
    "routing.Question": {"note"},
    "routing.Letter": {"to", "subject", "body", "error"},
    "routing.Attachment": {"name", "content_type", "sha256", "content", "added_by"},
    "routing.Note": {"by_name", "text", "key"},
    "reviews.Review": {"question", "reason", "proposal"},
    "reviews.Verdict": {"correction", "proposal", "body", "comment"},
    "dispatchdesk.SavedView": {"name", "query"},
    "accounts.User": {"board_query"},
}

# Set-up by admins, names and slugs of the desk's own, words of a fixed list, digests, and the desk's own people.
OTHER: dict[str, set[str]] = {
    "routing.WorkType": {"slug", "name", "description"},
    "routing.InputField": {
        *("name", "label", "kind", "hint", "choices", "currency", "applies_when", "pattern", "source_fact"),
    },
    "routing.WorkItem": {
        *("channel", "tags", "trigger_kind", "state", "owner_kind", "owner_ref", "owner_name"),
        *("review_queue", "review_label", "wait_kind", "chain_head", "closed_as"),
    },
    "routing.RulebookVersion": {"status", "content", "note"},
    "routing.DraftSave": {"content"},
    "routing.Example": {"done", "expected"},
    "routing.Backtest": {"content", "setup", "status", "tally", "error"},
    "routing.Decision": {"rule_id", "kind", "cause", "detail", "decided_by"},
    "routing.Destination": {"slug", "name", "kind", "description", "status"},
    "routing.DestinationVersion": {"config"},
    "routing.Credential": {"name", "header", "origin", "secret"},
    "routing.TableRow": {"key", "data"},
    "routing.Step": {"name", "kind", "status", "digest", "cause"},
    "routing.FactRevision": {"name", "status", "cause", "provider"},
    "routing.Question": {"names", "status"},
    "routing.Letter": {"kind", "status"},
    "routing.Event": {"kind", "actor_role", "state_from", "state_to", "data", "hash"},
    "routing.LedgerCheckpoint": {"heads", "previous", "signature"},
    "routing.LedgerPage": {"digest", "leaves"},
    "routing.HandMove": {"before"},
    "routing.DeskSwitches": {"writes_paused_by"},
    "routing.RouterModel": {"content", "labels", "report"},
    "routing.RouterLabel": {"label", "by_name"},
    "reviews.Calendar": {"name", "zone", "hours", "country", "region", "days_off"},
    "reviews.Queue": {"staff_role", "instructions", "checklist"},
    "reviews.Review": {
        *("kind", "rule_id", "cause", "names", "digest", "about", "status", "barred", "closed_because"),
    },
    "reviews.Verdict": {"kind", "digest", "approved_digest"},
    "reviews.Notice": {"kind", "mail_status"},
    "reviews.NoticeWishes": {"due_soon", "overdue", "reassigned", "overruled", "zone"},
    "dispatchdesk.Moment": {"name"},
    "accounts.User": {"password", "username", "first_name", "last_name", "email", "role"},
    "accounts.DeskSession": {"session_key", "session_data", "address", "browser"},
    "accounts.SecondStep": {"name", "secret", "recovery"},
    "accounts.ApiToken": {"name", "role", "digest"},
    "practice.PracticeItem": {"story"},
}
