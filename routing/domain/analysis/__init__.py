"""Faults of a rulebook, each with a proof or with facts that show it."""

from routing.domain.analysis.finding import Finding, FindingKind
from routing.domain.analysis.report import findings

__all__ = ["Finding", "FindingKind", "findings"]
