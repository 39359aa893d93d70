"""The evidence as sections of a report: words, tables and charts, before anything is laid out. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from portal.kernel.working_days import local_words
from rollouts.queries.governance.decisions import DecisionPage
from rollouts.queries.governance.evidence.collecting import Evidence
from rollouts.queries.governance.evidence.drawing import Drawing, course, intervals
from rollouts.queries.governance.triage import GroupBy, TriageGroup
from rollouts.rules.rates import Rate
from rollouts.states import MOVING_OUTCOMES, RolloutStatus, TargetState
from rollouts.states.governing import HanImpact, IncidentStatus


@dataclass(frozen=True, slots=True)
class ReportTable:
    """Cells as words."""

    head: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]

    @property
    def numeric(self) -> tuple[bool, ...]:
        """Return for each column whether it holds numbers alone."""
        return tuple(
            bool(self.rows) and all(row[place].replace(",", "").isdecimal() for row in self.rows)
            for place in range(len(self.head))
        )


@dataclass(frozen=True, slots=True)
class ReportSection:
    """One part of the report."""

    heading: str
    paragraphs: tuple[str, ...] = ()
    tables: tuple[ReportTable, ...] = ()
    drawings: tuple[Drawing, ...] = field(default=())


def sections_of(evidence: Evidence) -> list[ReportSection]:
    """Lay the evidence out as a reader meets it: where it stands, why, what was decided, and the proof."""
    return [
        _in_short(evidence),
        _standing(evidence),
        _course(evidence),
        *(_groups(by, groups) for by, groups in evidence.groups.items()),
        _comparison(evidence),
        _rules(evidence),
        _incidents(evidence),
        *(_decision(page) for page in evidence.decisions),
        _after(evidence),
        _proof(evidence),
    ]


def _in_short(evidence: Evidence) -> ReportSection:
    states = evidence.figures.get("states", {})
    done, hubs = states.get(TargetState.ACTIVATED.name, 0), sum(states.values())
    sentences = [f"{done:,} of {hubs:,} hubs run the new firmware."]
    sentences += [
        f"{measure.name.capitalize()}: {_rate(measure.upgraded)} of the upgraded hubs,"
        f" {_rate(measure.not_upgraded)} of the same model not upgraded. The intervals are apart."
        for measure in evidence.comparison.measures
        if measure.is_apart
    ]
    if not any(measure.is_apart for measure in evidence.comparison.measures):
        sentences.append("No: no significant difference between upgraded hubs and the others.")
    sentences += [
        trip for trip, pair in zip(_trips(evidence), evidence.trips, strict=True) if pair.suspended
    ][:1]
    return ReportSection("In short", tuple(sentences))


def _standing(evidence: Evidence) -> ReportSection:
    rollout, figures = evidence.rollout, evidence.figures
    states = tuple(
        (TargetState[name].label, f"{count:,}") for name, count in figures.get("states", {}).items()
    )
    return ReportSection(
        "Where it stands",
        (
            f"{rollout.name}: {RolloutStatus(rollout.status).label}."
            + (f" {rollout.status_reason}" if rollout.status_reason else ""),
            f"Automatic time {_time_words(rollout.automatic_at)}; cut-off {_time_words(rollout.cutoff_at)}.",
            f"Evidence as of {_time_words(evidence.taken_at)}, taken by {evidence.taken_by or 'the portal'}.",
        ),
        (ReportTable(("State", "Hubs"), states),),
    )


def _course(evidence: Evidence) -> ReportSection:
    days = [(each.day, each.activated, each.failed) for each in evidence.days]
    return ReportSection("How it went", drawings=(course("Hubs settled, summed up by day", days),))


def _groups(by: GroupBy, groups: Sequence[TriageGroup]) -> ReportSection:
    head = (
        "Group",
        "Hubs",
        "Upgraded",
        "Failed",
        "Failure rate",
        "Without known issues",
        "Incidents",
        "Devices lost",
    )
    rows = tuple(
        (
            group.label,
            f"{group.hubs:,}",
            f"{group.upgraded:,}",
            f"{group.failed:,}",
            _rate(group.failures),
            _rate(group.unexplained),
            str(group.incidents),
            _rate(group.han_rate),
        )
        for group in groups
    )
    measured = (
        ("Failure rate", [(group.label, group.failures) for group in groups]),
        ("Upgraded hubs with devices lost", [(group.label, group.han_rate) for group in groups]),
    )
    charts = tuple(
        intervals(f"{name} by {by.value}, with 95% intervals", rates)
        for name, rates in measured
        if any(rate.hits for _, rate in rates)
    )
    return ReportSection(f"By {by.value}", tables=(ReportTable(head, rows),), drawings=charts)


def _comparison(evidence: Evidence) -> ReportSection:
    rows = tuple(
        (
            measure.name,
            _rate(measure.upgraded),
            _rate(measure.not_upgraded),
            "apart" if measure.is_apart else "may be chance",
        )
        for measure in evidence.comparison.measures
    )
    head = ("Measure", "Upgraded hubs", "Same model, not upgraded", "Intervals")
    return ReportSection("Upgraded hubs against hubs that are not", tables=(ReportTable(head, rows),))


def _rules(evidence: Evidence) -> ReportSection:
    head = ("Rule", "Sees now", "With known issues", "Limit", "Minimum")
    rows = tuple(
        (
            line.rule.name + ("" if line.rule.is_active else " (put aside)"),
            _rate(line.rate),
            _rate(line.with_known),
            f"{100 * line.rule.threshold:.1f}%",
            f"{line.rule.minimum_sample:,}",
        )
        for line in evidence.rules
    )
    return ReportSection("Halt rules", tuple(_trips(evidence)), (ReportTable(head, rows),))


def _trips(evidence: Evidence) -> list[str]:
    return [
        f"{_time_words(trip.at)}: “{trip.name}” tripped at {trip.evidence['rate']['hits']:,} of"
        f" {trip.evidence['rate']['sample']:,} hubs"
        + (", and suspended the rollout." if trip.suspended else "; the rollout stood already.")
        for trip in evidence.trips
    ]


def _incidents(evidence: Evidence) -> ReportSection:
    head = ("Reference", "Raised", "By", "Category", "Title", "Devices", "Hubs", "Status")
    rows = tuple(
        (
            incident.reference,
            _time_words(incident.raised_at),
            evidence.raisers.get(incident.organisation_id, ""),
            str(incident.category),
            incident.title,
            HanImpact(incident.han_impact).label,
            f"{incident.hubs:,}",
            IncidentStatus(incident.status).label,
        )
        for incident in evidence.incidents
    )
    return ReportSection(f"Incidents ({len(rows)})", tables=(ReportTable(head, rows),) if rows else ())


def _decision(page: DecisionPage) -> ReportSection:
    line = page.line
    sentences = [
        f"Review opened {_time_words(line.opened_at)}: {page.because}" if page.because else "Review opened."
    ]
    if line.outcome is not None and line.recommended_at is not None:
        until = f", new automatic time {_time_words(line.automatic_at)}" if line.automatic_at else ""
        if line.outcome in MOVING_OUTCOMES:
            until += (
                "; a halted rollout goes on with it" if line.goes_on else "; a halted rollout stays paused"
            )
        by = page.recommended_by
        sentences.append(
            f"Recommended {_time_words(line.recommended_at)} by {by}: "
            f"{line.outcome.label}{until}. {line.reasons}"
        )
    if line.decided_at is not None:
        sentences.append(f"{line.status.label} {_time_words(line.decided_at)}.")
    sentences += [f"Still needed: {each}." for each in page.still_needed]
    rows = tuple(
        (
            each.name,
            each.body,
            each.verdict.label + (" (void)" if each.is_void else ""),
            _time_words(each.at),
            each.comment,
        )
        for each in page.signatures
    )
    table = ReportTable(("Signed by", "Of", "Word", "When", "Comment"), rows)
    return ReportSection(f"Decision {line.id}", tuple(sentences), (table,) if rows else ())


def _after(evidence: Evidence) -> ReportSection:
    after = evidence.after_halt
    return ReportSection(
        "After the halt",
        (
            f"{after.activated_after_halt:,} hubs activated, or were first found to have, after the halt.",
            f"Activations: {after.recalled:,} recalled, {after.being_recalled:,} being recalled.",
            f"{after.not_recalled:,} could not be recalled.",
        ),
    )


def _proof(evidence: Evidence) -> ReportSection:
    rows = tuple(
        (
            str(link.position) if link.position is not None else "—",
            _time_words(link.at),
            link.name,
            link.subject,
            link.actor,
            link.hash[:16],
        )
        for link in evidence.links
    )
    head = ("Position", "When", "Fact", "About", "By", "Hash")
    return ReportSection("Audit trail", (evidence.chain.words,), (ReportTable(head, rows),))


def _rate(rate: Rate) -> str:
    if rate.share is None:
        return "no hub yet"
    return (
        f"{100 * rate.share:.1f}% ({100 * rate.lower:.1f} to {100 * rate.upper:.1f}%; {rate.hits:,} of"
        f" {rate.sample:,})"
    )


def _time_words(at: datetime) -> str:
    return local_words(at)
