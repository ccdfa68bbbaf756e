"""Database models of routing."""

from routing.models.destinations import (
    Credential,
    Destination,
    DestinationKind,
    DestinationVersion,
    Step,
    TableRow,
)
from routing.models.knowledge import Attachment, FactRevision, Letter, Note, Question
from routing.models.ledger import DeskSwitches, Event, HandMove, LedgerCheckpoint, LedgerPage, RouterLabel, RouterModel
from routing.models.rulebooks import Backtest, Decision, DraftSave, Example, Rulebook, RulebookVersion
from routing.models.work import InputField, OwnerKind, Priority, WaitKind, WorkItem, WorkType

__all__ = [
    "Attachment",
    "Backtest",
    "Credential",
    "Decision",
    "DeskSwitches",
    "Destination",
    "DestinationKind",
    "DestinationVersion",
    "DraftSave",
    "Event",
    "Example",
    "FactRevision",
    "HandMove",
    "InputField",
    "LedgerCheckpoint",
    "LedgerPage",
    "Letter",
    "Note",
    "OwnerKind",
    "Priority",
    "Question",
    "RouterLabel",
    "RouterModel",
    "Rulebook",
    "RulebookVersion",
    "Step",
    "TableRow",
    "WaitKind",
    "WorkItem",
    "WorkType",
]
