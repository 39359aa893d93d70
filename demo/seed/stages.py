"""Rollouts at every stage of life, made by walking the services as people would have."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final

from django.db.models import Count

from demo.seed.past import Faults, Past, let_happen
from demo.seed.people import BOTH_ROLES, DCC, GAS_ONLY, IMPORT_ONLY, SECOND, scope_of
from demo.seed.xml_supplier import XML_SUPPLIER, client_file, instruct_by_xml
from portal.identity.models import Organisation
from portal.identity.scope import Scope
from portal.kernel.working_days import LONDON
from rollouts import services
from rollouts.models import CplEntry, CspChannel, Rollout, Target
from rollouts.services import HubList
from rollouts.states import (
    BatchKind,
    InstructionKind,
    Priority,
    ReleaseKind,
    RolloutStatus,
    Severity,
    TargetState,
)

_DAY: Final = timedelta(days=1)
_HOUR: Final = timedelta(hours=1)
_RULE: Final = "A spread of our estate"
_PILOT_OF_EACH: Final = 60
_CAPACITY: Final = 5000.0


@dataclass(frozen=True, slots=True)
class Release:
    """What is rolled out, and since when."""

    name: str
    model: str
    version: str
    notified: timedelta
    """How long ago the notice was."""
    automatic: timedelta
    """How far from now DCC's automatic time is; it may lie in the past."""
    kind: ReleaseKind = ReleaseKind.PLANNED
    severity: Severity = Severity.MAJOR
    priority: Priority = Priority.P2
    unreachable: timedelta | None = None
    dispatch: Mapping[str, Any] = field(default_factory=dict)


COMPLETED: Final = Release(
    "Summer maintenance, North dual band",
    "54000102",
    "0B120000",
    notified=150 * _DAY,
    automatic=-12 * _DAY,
    unreachable=-6 * _DAY,
)
SUSPENDED: Final = Release(
    "Security fix, North single band",
    "42000101",
    "0A1E0000",
    notified=42 * _DAY,
    automatic=38 * _DAY,
    kind=ReleaseKind.UNPLANNED,
    severity=Severity.CRITICAL,
    priority=Priority.P1,
)
LIVE: Final = Release(
    "November SEC Release, Central and South",
    "433100AC",
    "0C240000",
    notified=60 * _DAY,
    automatic=75 * _DAY,
    kind=ReleaseKind.SEC_RELEASE,
    dispatch={"command_size": 100},
)
PILOTED: Final = Release(
    "February SEC Release, 4G", "40000301", "04040000", notified=20 * _DAY, automatic=130 * _DAY,
    kind=ReleaseKind.SEC_RELEASE, dispatch={"command_size": 20},
)  # fmt: skip
NOTIFIED: Final = Release(
    "Spring maintenance, Central and South", "10000201", "01180000", notified=3 * _DAY, automatic=170 * _DAY,
    severity=Severity.MINOR, priority=Priority.P3,
)  # fmt: skip
DRAFTED: Final = Release(
    "Spring maintenance, North dual band", "54000102", "0B130000", notified=1 * _DAY, automatic=175 * _DAY,
    severity=Severity.MINOR, priority=Priority.P4,
)  # fmt: skip


def put_rollouts(*, now: datetime, say: Callable[[str], None]) -> None:
    """Make every rollout that is not there yet, the oldest first."""
    makers = (
        (COMPLETED, _complete),
        (SUSPENDED, _suspend),
        (LIVE, _let_live),
        (PILOTED, _pilot),
        (NOTIFIED, _notify),
        (DRAFTED, _draft),
    )
    for release, make in makers:
        if not Rollout.objects.filter(name=release.name).exists():
            rollout = make(release, now)
            rollout.refresh_from_db()
            say(f"{release.name}: {RolloutStatus(rollout.status).label}")


def keep_moving(*, now: datetime) -> int:
    """Let one more Supplier instruct its hubs in the live rollout once nothing moves there any more.

    Returns how many hubs were instructed.
    """
    rollout = Rollout.objects.filter(name=LIVE.name, status=RolloutStatus.SAFE_LAUNCH).first()
    if rollout is None or now > rollout.cutoff_at or _moving(rollout, now=now):
        return 0
    for name in Organisation.objects.filter(kind="SUPPLIER").order_by("id").values_list("name", flat=True):
        if answered := _instruct(rollout, name, share=1.0, activate_at=None, now=now):
            return answered
    return 0


def set_pace(*, minutes: float) -> None:
    """Let the channels take no more than makes what is due now last so long, image and activation alike."""
    open_rollouts = Rollout.objects.filter(name__in=[LIVE.name, PILOTED.name])
    due = Target.objects.filter(rollout_id__in=open_rollouts.values("id"), state=TargetState.SCHEDULED)
    waiting = dict(due.values_list("region").annotate(n=Count("guid")).values_list("region", "n"))
    for channel in CspChannel.objects.all():
        hubs = waiting.get(channel.region, 0)
        channel.capacity_per_second = max(2 * hubs / (60 * minutes), 1.0) if hubs else _CAPACITY
        channel.tokens, channel.refilled_at = 0, None
        channel.save(update_fields=["capacity_per_second", "tokens", "refilled_at"])


def _moving(rollout: Rollout, *, now: datetime) -> bool:
    under_way = Target.objects.filter(
        rollout_id=rollout.pk, state__in=[20, 30, 40, 50], effective_at__lte=now
    )
    return under_way.filter(consent=4, code=0).exists()


def _draft(release: Release, now: datetime) -> Rollout:
    entry = CplEntry.objects.get(device_model__model=release.model, firmware_version=release.version)
    return services.draft_rollout(
        scope_of(DCC),
        name=release.name,
        cpl_entry_id=entry.pk,
        kind=release.kind,
        severity=release.severity,
        priority=release.priority,
        automatic_at=_at_night(now + release.automatic),
        release_note_url=f"https://dcc.example/release-notes/{release.model}-{release.version}",
        description=f"Brings {release.model} to firmware {release.version}.",
        unreachable_until=_at_night(now + release.unreachable) if release.unreachable else None,
        dispatch_settings=release.dispatch,
        now=now - release.notified - _HOUR,
    )


def _notify(release: Release, now: datetime) -> Rollout:
    """Publish it, and let two Suppliers nominate hubs for the pilot."""
    rollout = _draft(release, now)
    notified_at = now - release.notified
    services.notify_rollout(scope_of(DCC), rollout_id=rollout.pk, now=notified_at)
    for name in (BOTH_ROLES, SECOND):
        _nominate(rollout, scope_of(name), now=notified_at + 6 * _HOUR)
    return rollout


def _pilot(release: Release, now: datetime) -> Rollout:
    """Confirm what was nominated and start: workers and simulator do the rest before the visitor's eyes."""
    rollout = _notify(release, now)
    _start_pilot(rollout, now=now - timedelta(minutes=5))
    return rollout


def _let_live(release: Release, now: datetime) -> Rollout:
    """Run the pilot in the past, and let Suppliers instruct: some at once, some for the days to come."""
    rollout = _notify(release, now)
    _run_pilot(rollout, Past(), now=now - 50 * _DAY)
    given_at = now - _HOUR
    _instruct(rollout, SECOND, share=0.4, activate_at=_at_night(now + 3 * _DAY), now=given_at)
    _instruct(rollout, XML_SUPPLIER, share=0.5, activate_at=_at_night(now + 8 * _DAY), now=given_at)
    _instruct(rollout, GAS_ONLY, share=1.0, activate_at=None, now=given_at)
    _instruct(rollout, BOTH_ROLES, share=0.7, activate_at=None, now=given_at)
    _instruct(rollout, "Dovedale Gas and Electric", share=0.8, activate_at=None, now=given_at)
    return rollout


def _suspend(release: Release, now: datetime) -> Rollout:
    """Let it run until too many activations fail, and suspend it."""
    rollout = _notify(release, now)
    past = Past(Faults(failing=90, mute=20))
    _run_pilot(rollout, Past(), now=now - 40 * _DAY)
    for days, name in ((30, "Elmsworth Energy"), (20, IMPORT_ONLY), (6, "Foxglove Power")):
        _instruct(rollout, name, share=0.9, activate_at=None, now=now - days * _DAY)
        let_happen(rollout, past, now=now - days * _DAY + 4 * _HOUR)
    _instruct(rollout, SECOND, share=0.5, activate_at=_at_night(now + 20 * _DAY), now=now - 4 * _DAY)
    let_happen(rollout, past, now=now - 3 * _DAY)
    services.halt(
        scope_of(DCC),
        rollout_id=rollout.pk,
        verb="suspend",
        reason="Activations fail far more often than in the pilot. Waiting for the manufacturer.",
        now=now - 2 * _DAY,
    )
    return rollout


def _complete(release: Release, now: datetime) -> Rollout:
    """Walk a whole life: pilot, instructions, cut-off, DCC's automatic time, the end."""
    rollout = _notify(release, now)
    past = Past()
    _run_pilot(rollout, past, now=now - 140 * _DAY)
    for days, name, share in ((110, BOTH_ROLES, 0.9), (100, SECOND, 0.8), (90, GAS_ONLY, 1.0)):
        moment = now - days * _DAY
        _instruct(rollout, name, share=share, activate_at=None, now=moment)
        let_happen(rollout, past, now=moment + 4 * _HOUR)
    rollout.refresh_from_db()
    services.close_window(rollout_id=rollout.pk, now=rollout.cutoff_at + _HOUR)
    for days in (-6, 0, 1, 2, 3, 4, 5):
        let_happen(rollout, past, now=rollout.automatic_at + days * _DAY + 2 * _HOUR)
    ends_at = (rollout.unreachable_until or rollout.automatic_at) + _HOUR
    let_happen(rollout, past, now=ends_at)
    services.complete_finished(ends_at + _HOUR)
    return rollout


def _run_pilot(rollout: Rollout, past: Past, *, now: datetime) -> None:
    dcc = scope_of(DCC)
    _start_pilot(rollout, now=now)
    let_happen(rollout, past, now=now + _DAY)
    commentary = "The pilot group runs the new firmware; no impact on Home Area Networks was reported."
    services.end_pilot(dcc, rollout_id=rollout.pk, commentary=commentary, now=now + 7 * _DAY)
    services.accept_pilot(dcc, rollout_id=rollout.pk, commentary="Accepted.", now=now + 8 * _DAY)


def _start_pilot(rollout: Rollout, *, now: datetime) -> None:
    dcc = scope_of(DCC)
    waiting = rollout.pilot_submissions.filter(status="SUBMITTED").values_list("id", flat=True)
    services.confirm_pilot(dcc, rollout_id=rollout.pk, submission_ids=list(waiting), now=now - _HOUR)
    services.start_pilot(dcc, rollout_id=rollout.pk, now=now)


def _nominate(rollout: Rollout, scope: Scope, *, now: datetime) -> None:
    rule = services.save_rule(
        scope,
        name=_RULE,
        tree={"all": [{"field": "smi_status", "op": "=", "value": "COMMISSIONED"}]},
        sample={"size": _PILOT_OF_EACH, "seed": 1},
        now=now,
    )
    services.submit_pilot(scope, rollout_id=rollout.pk, rule_version_id=rule.pk, now=now)


def _instruct(
    rollout: Rollout, supplier: str, *, share: float, activate_at: datetime | None, now: datetime
) -> int:
    """Instruct a part of a Supplier's hubs, those it has not answered for; return how many were taken."""
    scope = scope_of(supplier)
    own = Target.objects.filter(
        rollout_id=rollout.pk, state=10, batch_id__in=rollout.batches.filter(kind=BatchKind.SAFE_LAUNCH)
    )
    as_import = own.filter(import_supplier_id=scope.organisation_id, import_answer=0)
    as_gas = own.filter(gas_supplier_id=scope.organisation_id, gas_answer=0).exclude(
        import_supplier_id=scope.organisation_id
    )
    guids = sorted(as_import.values_list("guid", flat=True).union(as_gas.values_list("guid", flat=True)))
    chosen = guids[: round(len(guids) * share)]
    if not chosen:
        return 0
    if supplier == XML_SUPPLIER and client_file().exists():
        return instruct_by_xml(rollout, chosen, activate_at=activate_at, now=now)
    return services.receive_instruction(
        scope,
        rollout_id=rollout.pk,
        kind=InstructionKind.INSTRUCT,
        source=HubList.from_stored(chosen),
        activate_at=activate_at,
        received_at=now,
        name="From the demonstration",
        now=now,
    ).accepted


def _at_night(moment: datetime) -> datetime:
    return datetime(moment.year, moment.month, moment.day, 1, tzinfo=LONDON)
