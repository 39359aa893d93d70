"""What a journey is compared with: the Python rule, the simulator's truth, the feeds, the tallies.

All over every rollout of the journey, and the hubs of none that somebody else told to activate.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Final

from demo.journey.cast import HandedOverHub, Journey
from demo.journey.simulator import SimulatedTruth
from demo.seed import people
from portal.events import feed
from portal.events.kinds import EntryKind
from portal.events.models import FeedEntry
from rollouts import rules, services
from rollouts.models import Batch, Command, CplEntry, CspAlert, Hub, Instruction, Rollout, Target
from rollouts.queries.rollouts.dashboard import dashboard
from rollouts.queries.rollouts.duties import Duty
from rollouts.rules import ConsentTerms, SupplierAnswer, activation, pacing
from rollouts.rules.criteria.timing import ActivationHours
from rollouts.states import (
    UNSETTLED_STATES,
    AlertCode,
    Answer,
    BatchKind,
    CommandKind,
    CommandStatus,
    ConsentPolicy,
    FailureCode,
    TargetState,
)

# An application of alerts takes the time once, and may go on for a few seconds; at ease these are minutes.
_LAG = timedelta(minutes=10)
# Longer than any answer of a CSP is waited for.
_LONG = pacing.DispatchSettings().delivery_silence + timedelta(days=1)
_HELPING = frozenset(
    {
        Duty.START_PILOT,
        Duty.END_PILOT,
        Duty.REVIEW_PILOT,
        Duty.MEND_PILOT,
        Duty.OPEN_GATE,
        Duty.RECOMMEND,
        Duty.CONFIRM,
    }
)


@dataclass(frozen=True, slots=True)
class Facts:
    """Everything the checks look at, read once."""

    rollouts: Sequence[Rollout]
    windows: Mapping[int, ConsentTerms]
    targets: list[Target]
    truth: Mapping[int, SimulatedTruth]
    suppliers: Mapping[int, tuple[int | None, int | None]]
    changes: Mapping[int, list[HandedOverHub]]
    not_recalled: AbstractSet[int]
    """Hubs that let nobody cancel the date they held: they activate at it whatever is settled afterwards."""
    confirmed_outside: AbstractSet[int]
    """Hubs of no rollout of whose activation a CSP has told."""
    silent_outside: AbstractSet[int]
    """Hubs of no rollout that were told to activate, and of which nobody has said that they did."""
    outside_entry_id: int
    now: datetime


_LOST: Final = re.compile(
    r"OperationalError|InterfaceError|ConnectionError|ConnectionRefused|ConnectionReset|TimeoutError|BrokenPipe"
    r"|WorkerLostError|PoolTimeout|ConnectionTimeout|AdminShutdown"
    r"|has no attribute 'hostname'"  # a broker that kombu has forgotten
    r"|OutOfMemoryError|ExecAbortError"  # a broker that is full
)


def gather(journey: Journey) -> Facts:
    """Read what the portal believes and what really is."""
    rollouts = list(Rollout.objects.filter(pk__in=journey.rollout_ids).order_by("pk"))
    changes: dict[int, list[HandedOverHub]] = {}
    for change in journey.changes:
        changes.setdefault(change.guid, []).append(change)
    outside = set(journey.outside)
    confirmed = _confirmed(outside, entry_id=journey.outside_entry_id)
    own = Hub.objects.values_list("guid", "import_supplier_id", "gas_supplier_id")
    return Facts(
        rollouts=rollouts,
        windows={
            batch.pk: _window(rollout, batch) for rollout in rollouts for batch in rollout.batches.all()
        },
        targets=list(Target.objects.filter(rollout_id__in=journey.rollout_ids).order_by("guid")),
        truth=journey.simulator.hubs(),
        suppliers={guid: (as_import, as_gas) for guid, as_import, as_gas in own},
        changes=changes,
        not_recalled=frozenset(
            CspAlert.objects.filter(code=AlertCode.CANCEL_FAILED).values_list("guid", flat=True)
        ),
        confirmed_outside=confirmed,
        outside_entry_id=journey.outside_entry_id,
        silent_outside=outside - confirmed,
        now=journey.clocks.now,
    )


def effective_time_mismatches(facts: Facts) -> int:
    """Count targets whose time or consent is not what the Python rule makes of the answers."""
    return sum(
        (target.effective_at, target.consent) != _resolved(facts, target)
        for target in facts.targets
        if target.state != TargetState.WITHDRAWN
    )


def activated_early(facts: Facts) -> int:
    """Count hubs that really activated before their effective time, and could have been kept from it."""
    return sum(
        at < target.effective_at
        for target in facts.targets
        if (at := _activated_at(facts, target)) is not None and _could_be_kept(facts, target, at)
    )


def activated_without_consent(facts: Facts) -> int:
    """Count hubs that really activated before DCC's time although somebody's answer was missing.

    Computed from the answers themselves, not from what the portal made of them.
    """
    return sum(
        at < facts.windows[target.batch_id].automatic_at and not _is_agreed(facts, target, at)
        for target in facts.targets
        if (at := _activated_at(facts, target)) is not None and _could_be_kept(facts, target, at)
    )


def agreements_outliving_their_time(facts: Facts) -> int:
    """Count targets on which an agreement stands with a time that nobody asks for any more (R3.4)."""
    return outlived(facts.targets)


def outlived(targets: Iterable[Target]) -> int:
    """Count the targets with such an agreement."""
    answers = [
        (
            SupplierAnswer(Answer(target.import_answer), target.import_time),
            SupplierAnswer(Answer(target.gas_answer), target.gas_time),
        )
        for target in targets
    ]
    return sum(rules.has_lapsed(*pair) or rules.has_lapsed(*reversed(pair)) for pair in answers)


def unchosen_outside_hours(rollout: Rollout) -> int:
    """Count hubs that were told to activate by day at a time that neither DCC nor a Supplier had named."""
    hours = activation.read_hours(rollout.dispatch_settings.get("activation_hours"))
    instructions = Instruction.objects.filter(rollout_id=rollout.pk)
    phases = rollout.batches.filter(kind=BatchKind.SAFE_LAUNCH)
    chosen = {
        rollout.automatic_at,
        *filter(None, instructions.values_list("activate_at", flat=True)),
        *filter(None, phases.values_list("automatic_at", flat=True)),
    }
    sent = Command.objects.filter(
        rollout_id=rollout.pk, kind=CommandKind.ACTIVATE, status=CommandStatus.SENT
    ).values_list("execute_at", "claimed_at", "hub_count")
    return sum(
        int(hubs)
        for execute_at, claimed_at, hubs in sent
        if not _is_harmless(execute_at, claimed_at, hours=hours, chosen=chosen)
    )


def agreements_lapsed(rollout_id: int) -> int:
    """Count the hubs whose Suppliers were told that their agreement has lapsed."""
    kind = int(EntryKind.INSTRUCTION_VOIDED)
    entries = FeedEntry.objects.filter(rollout_id=rollout_id, kind=kind, data__reason="AGREEMENT_LAPSED")
    return sum(entries.values_list("data__hubs", flat=True))


def brought_forward() -> int:
    """Count the hubs whose Suppliers were told that an earlier automatic date replaces their time."""
    entries = FeedEntry.objects.filter(kind=EntryKind.ROLLOUT_BROUGHT_FORWARD)
    return sum(filter(None, entries.values_list("data__brought_forward", flat=True)))


def overtaken(facts: Facts) -> int:
    """Count hubs that changed hands when they had activated already, and nobody knew yet."""
    return sum(
        _is_overtaken(facts, target, at)
        for target in facts.targets
        if (at := _activated_at(facts, target)) is not None
    )


def smi_truth_mismatches(facts: Facts) -> tuple[int, int]:
    """Count hubs of the whole estate whose inventory differs from the truth.

    Apart from them those it does not claim to know: the hubs the portal itself lists as not confirmed, and
    those of no rollout of which nothing was heard.
    """
    unconfirmed = facts.silent_outside | {
        target.guid for target in facts.targets if target.state == TargetState.NO_CONFIRMATION
    }
    versions = dict(CplEntry.objects.values_list("id", "firmware_version"))
    wrong = unknown = 0
    for guid, entry, gpf_entry in Hub.objects.values_list("guid", "cpl_entry_id", "gpf_cpl_entry_id"):
        truth = facts.truth[guid]
        gpf = versions[gpf_entry] if gpf_entry else truth.gpf_version
        differs = (versions[entry], gpf) != (truth.version, truth.gpf_version)
        unknown += differs and guid in unconfirmed
        wrong += differs and guid not in unconfirmed
    return wrong, unknown


def alerts(facts: Facts) -> tuple[int, int, int]:
    """Count the alerts of activations: told, missing, told twice or to somebody not responsible (R4.7)."""
    versions = {rollout.pk: rollout.cpl_entry_id for rollout in facts.rollouts}
    outside = facts.confirmed_outside | facts.silent_outside
    expected: dict[int | None, int] = dict.fromkeys(outside, facts.outside_entry_id)
    expected |= {target.guid: versions[target.rollout_id] for target in facts.targets}
    entries = FeedEntry.objects.filter(kind=EntryKind.HUB_ACTIVATED)
    alert_counts: Counter[tuple[Any, Any]] = Counter(
        (guid, party)
        for guid, party, version, rollout in entries.values_list(
            "guid", "party_id", "version_id", "rollout_id"
        )
        # A suspended hub is also told of when it is confirmed on the version it had.
        if rollout is not None or version == expected.get(guid, version)
    )
    responsible = [
        (target.guid, _suppliers_at_end(facts, target))
        for target in facts.targets
        if target.state == TargetState.ACTIVATED
    ] + [(guid, facts.suppliers[guid]) for guid in facts.confirmed_outside]
    due: Counter[tuple[Any, Any]] = Counter(
        (guid, party) for guid, both in responsible for party in set(both) - {None}
    )
    return alert_counts.total(), (due - alert_counts).total(), (alert_counts - due).total()


def tally_drift(rollout_ids: Iterable[int]) -> int:
    """Recount every rollout against its tallies."""
    return sum(services.measure_drift(rollout_id=rollout_id).total for rollout_id in rollout_ids)


def feed_gaps() -> int:
    """Count positions of feeds that hold no entry."""
    return feed.gaps()


def tracebacks(logs: Path, *, disturbed: bool = False) -> int:
    """Count what the processes of this run could not deal with; lost and full stores not, if disturbed."""
    parts = [
        part
        for path in sorted(logs.glob("*.log"))
        for part in path.read_text(errors="replace").split("Traceback (most")[1:]
    ]
    return sum(not (disturbed and _LOST.search(part)) for part in parts)


def states(facts: Facts) -> Counter[TargetState]:
    """Count the targets by where they ended."""
    return Counter(TargetState(target.state) for target in facts.targets)


def stuck(journey: Journey) -> int:
    """Count hubs whose time is long past, that have not moved for as long, and that nobody is due to help.

    A hub waits with reason before its time, while a CSP may still answer for it, and while an action on the
    DCC or the Panel names its rollout, or its region as one that no CSP serves.
    """
    now = journey.clocks.now
    actions = [
        action
        for scope in (journey.dcc, people.scope_of(people.PANEL))
        for action in dashboard(scope, now=now).outstanding
    ]
    waiting = Target.objects.filter(
        rollout_id__in=set(journey.rollout_ids)
        - {action.rollout_id for action in actions if action.duty in _HELPING},
        state__in=sorted(UNSETTLED_STATES),
        effective_at__lt=now - _LONG,
        state_at__lt=now - _LONG,
    )
    unplaced = {region for action in actions if action.duty == Duty.PLACE_HUBS for region in action.places}
    return waiting.exclude(region__in=unplaced).count()


def _confirmed(guids: AbstractSet[int], *, entry_id: int) -> set[int]:
    """Return the hubs of which a CSP has said that they run an entry of the CPL."""
    confirming = CspAlert.objects.filter(
        guid__in=guids,
        code__in=[AlertCode.CS06_RESPONSE, AlertCode.ACTIVATED, AlertCode.READ_RESULT],
        reason=FailureCode.NONE,
        firmware_version__in=CplEntry.objects.filter(pk=entry_id).values("firmware_version"),
    )
    return set(confirming.values_list("guid", flat=True))


def _is_harmless(
    execute_at: datetime | None,
    claimed_at: datetime | None,
    *,
    hours: ActivationHours,
    chosen: AbstractSet[datetime],
) -> bool:
    if execute_at is not None:
        return execute_at in chosen or activation.is_within(execute_at, hours)
    if claimed_at is None:
        return False
    # At once: a chosen time that had come just now.
    return activation.is_within(claimed_at, hours) or any(
        at <= claimed_at <= at + activation.GRACE for at in chosen
    )


def _window(rollout: Rollout, batch: Batch) -> ConsentTerms:
    return ConsentTerms(
        policy=ConsentPolicy(rollout.consent_policy),
        automatic_at=batch.automatic_at or rollout.automatic_at,
        cutoff_at=batch.cutoff_at or rollout.cutoff_at,
    )


def _resolved(facts: Facts, target: Target) -> tuple[datetime, int]:
    as_import, as_gas = _suppliers_at_end(facts, target)
    settled = rules.resolve(
        facts.windows[target.batch_id],
        import_party=as_import,
        gas_party=as_gas,
        import_wish=SupplierAnswer(Answer(target.import_answer), target.import_time),
        gas_wish=SupplierAnswer(Answer(target.gas_answer), target.gas_time),
        answered_at=target.answered_at,
        now=facts.now,
    )
    return settled.effective_at, int(settled.consent)


def _is_agreed(facts: Facts, target: Target, at: datetime) -> bool:
    as_import, as_gas = _suppliers_at_end(facts, target)
    # One Party in both roles answers as Import Supplier: it comes last, and counts.
    answers = {as_gas: target.gas_answer, as_import: target.import_answer}
    answers.pop(None, None)
    given = list(answers.values())
    if Answer.INSTRUCTED not in given:
        return False
    if all(answer in (Answer.INSTRUCTED, Answer.AGREED) for answer in given):
        return Answer.AGREED not in given or target.import_time == target.gas_time
    window = facts.windows[target.batch_id]
    # Voluntary: a second Supplier that declined has chosen, one that is silent has until the cut-off.
    is_closed = Answer.NONE not in given or at >= window.cutoff_at
    return window.policy == ConsentPolicy.VOLUNTARY and is_closed


def _could_be_kept(facts: Facts, target: Target, at: datetime) -> bool:
    """Return whether what is settled now was so when the hub activated, and its date could be withdrawn."""
    return target.guid not in facts.not_recalled and not _is_overtaken(facts, target, at)


def _is_overtaken(facts: Facts, target: Target, at: datetime) -> bool:
    # Its time was settled again with the answers of the loser void, but it had activated at the old one.
    known_at = target.state_at + _LAG
    return any(at < change.at <= known_at for change in facts.changes.get(target.guid, []))


def _activated_at(facts: Facts, target: Target) -> datetime | None:
    truth = facts.truth.get(target.guid)
    return truth.activated_at if truth else None


def _suppliers_at_end(facts: Facts, target: Target) -> tuple[int | None, int | None]:
    """Return whose hub it was when its upgrade ended; a later change of hands leaves that as it was."""
    hub = facts.suppliers[target.guid]
    for change in sorted(facts.changes.get(target.guid, []), key=lambda each: each.at, reverse=True):
        if change.at > target.state_at:
            hub = (change.import_before, change.gas_before)
    return hub
