"""What came of a journey: a table for people, a document for machines, and which figures must be nothing."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Final

from django.conf import settings
from django.db.models import Count

from demo.journey import by_xml, checks
from demo.journey.cast import Journey
from demo.journey.waiting import left_to_do
from portal.events import sequencer
from rollouts.models import (
    Batch,
    CspAlertBatch,
    Hub,
    Instruction,
    PilotProposal,
    PilotReminder,
    Rollout,
    Target,
    UnmatchedAlert,
)
from rollouts.rules import is_split
from rollouts.states import BatchKind, Consent, FailureCode, TargetState

MUST_BE_NOTHING: Final = (
    "effective_time_mismatches",
    "smi_truth_mismatches",
    "activated_without_consent",
    "activated_early",
    "unchosen_outside_hours",
    "agreements_outliving_their_time",
    "hubs_stuck",
    "alerts_missing",
    "alerts_duplicated",
    "tally_drift",
    "feed_gaps",
    "broken_links",
    "not_ended",
    "tracebacks",
    "xml_answers_wrong",
    "xml_alerts_wrong",
    "xml_supplier_elsewhere",
)
_WORDS: Final = {
    "hubs": "Hubs in the estate",
    "eligible": "Eligible: targets of the rollouts",
    "split_hubs": "… with two Suppliers",
    "pilot": "… in a pilot group",
    "instructed": "… instructed by one or both Suppliers",
    "activated": "Activated",
    "failed": "Failed for good",
    "no_confirmation": "No confirmation",
    "alerts_told": "Alerts to responsible Suppliers",
    "xml_requests": "Service Requests in XML of one Supplier",
    "xml_alerts": "… and the signed alerts it was sent",
    "csp_alerts": "Alerts taken in from CSPs",
    "unmatched": "… that fitted nothing (copies too late, strangers)",
    "changed_hands": "Hubs that changed Suppliers meanwhile",
    "reminded": "Suppliers reminded, as nobody nominated",
    "proposed": "Hubs proposed for a pilot that nobody nominated for",
    "brought_forward": "Hubs whose instructed time an earlier date replaced",
    "confirmed_outside": "Hubs of no rollout that a CSP told of",
    "silent_outside": "… and of which nothing was heard, read as they were",
    "agreements_lapsed": "Agreements that lapsed with the time they agreed with",
    "not_recalled": "Hubs whose date was to be cancelled, and could not",
    "overtaken": "Hubs that changed hands after activating, before it was known",
    "unknown_to_smi": "Unconfirmed hubs that run another version than the SMI says",
    "hubs_per_second": "Hubs brought to an end a second",
}


def document_of(journey: Journey, *, seconds: Mapping[str, float], disturbed: bool = False) -> dict[str, Any]:
    """Check everything, and record the result."""
    facts = checks.gather(journey)
    states = checks.states(facts)
    alerts, missing, doubled = checks.alerts(facts)
    wrong, unknown = checks.smi_truth_mismatches(facts)
    ended = len(facts.targets) - sum(states[state] for state in _UNDER_WAY)
    return {
        **_starting_counts(journey, facts),
        "activated": states[TargetState.ACTIVATED],
        "failed": sum(states[state] for state in _FAILED),
        "failed_by_code": _by_code(facts),
        "no_confirmation": states[TargetState.NO_CONFIRMATION],
        "states": {state.name: n for state, n in sorted(states.items())},
        "alerts_told": alerts,
        "csp_alerts": sum(CspAlertBatch.objects.values_list("count", flat=True)),
        "unmatched": UnmatchedAlert.objects.count(),
        "not_recalled": len(facts.not_recalled),
        "overtaken": checks.overtaken(facts),
        "unknown_to_smi": unknown,
        "simulator": journey.simulator.stats(),
        **by_xml.figures(journey),
        "rollouts": {rollout.name: rollout.status for rollout in facts.rollouts},
        "stuck_after": dict(journey.stuck),
        **_zeros(
            facts, stuck=journey.stuck.total(), missing=missing, doubled=doubled, wrong=wrong, ended=ended
        ),
        "tracebacks": checks.tracebacks(Path(settings.VAR_DIR) / "log", disturbed=disturbed),
        "left": str(left_to_do(journey.simulator, now=facts.now)),
        "hubs_per_second": round(ended / sum(seconds.values()), 1),
        "seconds": {name: round(value, 1) for name, value in seconds.items()},
    }


def _starting_counts(journey: Journey, facts: checks.Facts) -> dict[str, Any]:
    """Count what the rollout began with, and what its Suppliers said."""
    given = Instruction.objects.filter(rollout_id__in=journey.rollout_ids)
    batches = Batch.objects.filter(rollout_id__in=journey.rollout_ids, kind=BatchKind.PILOT)
    pilots = set(batches.values_list("id", flat=True))
    return {
        "hubs": Hub.objects.count(),
        "eligible": len(facts.targets),
        "split_hubs": sum(is_split(t.import_supplier_id, t.gas_supplier_id) for t in facts.targets),
        "pilot": sum(target.batch_id in pilots for target in facts.targets),
        "instructed": sum(1 in (target.import_answer, target.gas_answer) for target in facts.targets),
        "instructions": given.count(),
        "rejected_by_reason": _sum(given.values_list("rejected_by_reason", flat=True)),
        "refused": dict(journey.refusals),
        "changed_hands": len(journey.changes),
        "reminded": PilotReminder.objects.count(),
        "proposed": sum(PilotProposal.objects.values_list("hubs", flat=True)),
        "brought_forward": checks.brought_forward(),
        "confirmed_outside": len(facts.confirmed_outside),
        "silent_outside": len(facts.silent_outside),
        "agreements_lapsed": checks.agreements_lapsed(journey.rollout_id),
    }


def _zeros(
    facts: checks.Facts, *, stuck: int, missing: int, doubled: int, wrong: int, ended: int
) -> dict[str, int]:
    """Find what must be nothing, in the order of `MUST_BE_NOTHING`."""
    return {
        "effective_time_mismatches": checks.effective_time_mismatches(facts),
        "smi_truth_mismatches": wrong,
        "activated_without_consent": checks.activated_without_consent(facts),
        "activated_early": checks.activated_early(facts),
        "unchosen_outside_hours": sum(map(checks.unchosen_outside_hours, facts.rollouts)),
        "hubs_stuck": stuck,
        "agreements_outliving_their_time": checks.agreements_outliving_their_time(facts),
        "alerts_missing": missing,
        "alerts_duplicated": doubled,
        "tally_drift": checks.tally_drift(Rollout.objects.values_list("id", flat=True)),
        "feed_gaps": checks.feed_gaps(),
        "broken_links": sum(1 for _ in sequencer.broken_links()),
        "not_ended": len(facts.targets) - ended,
    }


def failures_of(document: Mapping[str, Any]) -> dict[str, int]:
    """Name the figures that must be nothing and are not."""
    return {name: document[name] for name in MUST_BE_NOTHING if document[name]}


def table(document: Mapping[str, Any]) -> list[str]:
    """Write the document for people."""
    lines = [_line(words, document[name]) for name, words in _WORDS.items()]
    lines += ["", "Lines of lists that were not taken"]
    lines += [_line(f"  {name}", n) for name, n in sorted(document["rejected_by_reason"].items())]
    lines += ["Lists refused as a whole"] + [f"  {words}" for words in document["refused"]]
    lines += ["Hubs that failed"]
    lines += [_line(f"  {name}", n) for name, n in sorted(document["failed_by_code"].items())]
    lines += ["", "Must be nothing"]
    lines += [_line(f"  {name}", document[name]) for name in MUST_BE_NOTHING]
    lines += ["", "Seconds"]
    lines += [_line(f"  {name}", value) for name, value in document["seconds"].items()]
    lines += [
        "",
        "A hub that neither told of its activation nor answered when read ends without confirmation. What it",
        "runs nobody can know; the SMI keeps the last version that was confirmed. All others must be right.",
    ]
    return lines


def standing(journey: Journey) -> list[str]:
    """Return where the hubs stand, for a journey that does not come to its end."""
    targets = Target.objects.filter(rollout_id__in=journey.rollout_ids)
    rows = targets.values_list("rollout_id", "state", "code", "consent", "region")
    counted = rows.annotate(hubs=Count("guid")).order_by()
    rollouts = Rollout.objects.filter(pk__in=journey.rollout_ids).order_by("pk")
    return [
        f"{rollout.pk} {rollout.name}: {rollout.status}. {rollout.status_reason}" for rollout in rollouts
    ] + [
        f"{rollout_id} {TargetState(state).name} {FailureCode(code).name} {Consent(consent).name},"
        f" region {region}: {hubs}"
        for rollout_id, state, code, consent, region, hubs in sorted(counted)
    ]


_FAILED: Final = (
    TargetState.DISTRIBUTION_FAILED,
    TargetState.VERIFICATION_FAILED,
    TargetState.ACTIVATION_FAILED,
)
_UNDER_WAY: Final = frozenset(TargetState) - {
    *_FAILED,
    TargetState.NO_CONFIRMATION,
    TargetState.ACTIVATED,
    TargetState.WITHDRAWN,
}


def _by_code(facts: checks.Facts) -> dict[str, int]:
    codes = Counter(FailureCode(target.code).name for target in facts.targets if target.state in _FAILED)
    return dict(codes)


def _sum(counts: Iterable[Mapping[str, int]]) -> dict[str, int]:
    total: Counter[str] = Counter()
    for each in counts:
        total.update(each)
    return dict(total)


def _line(words: str, value: object) -> str:
    shown = f"{value:,}" if isinstance(value, int) else str(value)
    return f"{words:.<72} {shown:>12}"
