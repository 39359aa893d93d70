"""What goes on beside the rollout of a journey: rollouts that nobody helps along, and hubs of none.

`quiet`: nobody nominates; the DCC reminds, proposes hubs, and brings the automatic date forward by decision.
`unpiloted`: nobody nominates, and the DCC goes on without a pilot. `urgent`: leaves Suppliers no window, and
has a pilot drawn by the DCC, batches and a ramp all the same. And hubs in no rollout are told to activate by
somebody else than the portal.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any, Final

from demo.journey.acting import approve, day, pass_until, upload
from demo.journey.by_xml import read_hubs
from demo.journey.cast import (
    AMBERGATE,
    BRACKENMOOR,
    ELMSWORTH,
    Journey,
    own_hubs,
    scope_of,
    suppliers,
)
from demo.journey.clocks import HOUR
from demo.journey.lists import plain_list
from demo.seed.xml_supplier import XML_SUPPLIER
from portal.events.kinds import EntryKind
from portal.events.models import FeedEntry
from portal.kernel.guid import Guid
from rollouts import services
from rollouts.models import CplEntry, Hub, PilotSubmission, Target
from rollouts.states import ELIGIBLE_SMI_STATUSES, InstructionKind, ReviewOutcome, SmiStatus

QUIET: Final = "Nobody nominates, and hubs are proposed"
UNPILOTED: Final = "Nobody nominates, and there is no pilot"
URGENT: Final = "Urgent, without a window"
_NEW_DATE: Final = 56
_OUTSIDE: Final = ("10000201", "01170000")
_MOST_OUTSIDE: Final = 60
_READINGS: Final = 3
_BRISK: Final = 12 * HOUR
_ANY: Final = {"all": [{"field": "smi_status", "op": "=", "value": "COMMISSIONED"}]}
_BIG_HOMES: Final = {"all": [{"field": "han_devices", "op": ">=", "value": 4}]}
_SMALL_HOMES: Final = {"all": [{"field": "han_devices", "op": "<=", "value": 2}]}


def quiet_notices(journey: Journey) -> None:
    """Publish two more rollouts, and one that leaves no window; nobody nominates a hub for any of them."""
    _publish(journey, QUIET, "54000102", "0B120000", automatic=84, unreachable=93)
    _publish(journey, UNPILOTED, "40000301", "04030000", automatic=55, unreachable=65)


def nobody_nominates(journey: Journey) -> None:
    """Remind the Suppliers; propose hubs, which most accept; go on without a pilot; draw one."""
    journey.clocks.jump(day(journey, 3))
    dcc, quiet, unpiloted = journey.dcc, journey.beside[QUIET], journey.beside[UNPILOTED]
    for rollout_id in (quiet, unpiloted):
        services.remind_to_nominate(dcc, rollout_id=rollout_id, now=journey.clocks.now)
    _publish(
        journey, URGENT, "42000101", "0A1E0000", automatic=31, unreachable=50, priority="P1",
        dispatch_settings={"ramp": {"per_hour": 5, "factor": 1.5}},
    )  # fmt: skip
    journey.clocks.jump(day(journey, 4))
    now = journey.clocks.now
    _propose(journey, quiet, size=40)
    for submission in PilotSubmission.objects.filter(rollout_id=quiet, status="PROPOSED").order_by("pk"):
        name = suppliers()[submission.organisation_id]
        if name == XML_SUPPLIER:  # Service Requests have no word for it
            services.withdraw_proposed(dcc, submission_id=submission.pk, now=now)
            continue
        services.answer_proposal(
            scope_of(name), submission_id=submission.pk, accepts=name != ELMSWORTH, now=now
        )
    _propose(journey, journey.beside[URGENT], size=30)
    for rollout_id in (quiet, journey.beside[URGENT]):
        services.start_pilot(dcc, rollout_id=rollout_id, now=journey.clocks.now)
    services.skip_pilot(dcc, rollout_id=unpiloted, commentary="Nobody nominates.", now=journey.clocks.now)


def pilots_beside(journey: Journey) -> None:
    """Accept both pilots; form batches of the urgent one; bring the quiet one forward by decision."""
    dcc, urgent = journey.dcc, journey.beside[URGENT]
    for rollout_id in (journey.beside[QUIET], urgent):
        services.end_pilot(dcc, rollout_id=rollout_id, commentary="As expected.", now=journey.clocks.now)
        services.accept_pilot(dcc, rollout_id=rollout_id, commentary="Accepted.", now=journey.clocks.now)
    for name, number, tree, is_gated in (
        ("Big homes", 15, _BIG_HOMES, False),
        ("Small homes", 16, _SMALL_HOMES, True),
    ):
        services.create_batch(
            dcc,
            rollout_id=urgent,
            name=name,
            automatic_at=day(journey, number, hour=2),
            tree=tree,
            is_gated=is_gated,
            now=journey.clocks.now,
        )
    quiet = replace(journey, rollout_id=journey.beside[QUIET])
    for supplier, number in ((AMBERGATE, 75), (BRACKENMOOR, 33)):
        own = plain_list(own_hubs(quiet, supplier, split=False)[:100])
        instruct = InstructionKind.INSTRUCT
        upload(quiet, supplier, instruct, own, "quiet.csv", activate_at=day(journey, number, hour=1))
    _bring_forward(quiet, until=day(journey, _NEW_DATE, hour=2))


def outside(journey: Journey) -> None:
    """Have hubs of no rollout activate by somebody else's commands; Suppliers read those that fall silent."""
    model, version = _OUTSIDE
    entry = CplEntry.objects.select_related("device_model").get(
        device_model__model=model, firmware_version=version
    )
    journey.outside, journey.outside_entry_id = _hubs_of_none(entry), entry.pk
    image = {
        "manufacturer": entry.device_model.manufacturer_code,
        "model": model,
        "version": version,
        "hash": bytes(entry.image_sha256).hex(),
    }
    hubs = [str(Guid.from_db(guid)) for guid in journey.outside]
    for kind in ("distribute", "activate"):
        journey.simulator.command(kind, command_id=f"by-hand-{kind}", hubs=hubs, image=image)
        pass_until(journey, journey.clocks.now + timedelta(days=1), rate=_BRISK)
    for _ in range(_READINGS):
        _read_silent(journey)


def gate(journey: Journey) -> None:
    """Open the gate of the urgent rollout's second batch, whose time has passed."""
    batch = journey.of(URGENT).batches.get(name="Small homes")
    services.open_gate(
        journey.dcc, batch_id=batch.pk, reason="The first batch is well.", now=journey.clocks.now
    )


def _publish(
    journey: Journey, name: str, model: str, version: str, *, automatic: int, unreachable: int, **more: Any
) -> None:
    now = journey.clocks.now
    draft = services.draft_rollout(
        journey.dcc,
        name=name,
        cpl_entry_id=CplEntry.objects.get(device_model__model=model, firmware_version=version).pk,
        kind="UNPLANNED",
        severity="MAJOR",
        automatic_at=day(journey, automatic, hour=2),
        release_note_url=f"https://dcc.example/release-notes/{model}",
        unreachable_until=day(journey, unreachable),
        now=now,
        **{"priority": "P2", **more},
    )
    services.notify_rollout(journey.dcc, rollout_id=draft.pk, now=now)
    journey.beside[name] = draft.pk
    journey.calm_halt_rules(draft.pk)


def _propose(journey: Journey, rollout_id: int, *, size: int) -> None:
    services.propose_pilot(
        journey.dcc,
        rollout_id=rollout_id,
        tree=_ANY,
        sample={"size": size, "strata": ["region", "supply"], "seed": 7},
        now=journey.clocks.now,
    )


def _bring_forward(journey: Journey, *, until: datetime) -> None:
    dcc, now = journey.dcc, journey.clocks.now
    decision = services.open_review(dcc, rollout_id=journey.rollout_id, because="It is ready.", now=now)
    decision = services.recommend(
        dcc,
        decision_id=decision.pk,
        version=decision.version,
        outcome=ReviewOutcome.BRING_FORWARD,
        reasons="The pilot is well, and winter is over.",
        automatic_at=until,
        now=now,
    )
    approve(journey, decision)


def _hubs_of_none(entry: CplEntry) -> list[int]:
    """List hubs that could run an entry and are in no rollout; suspended ones first."""
    hubs = Hub.objects.filter(
        cpl_entry_id__in=entry.allowed_predecessor_ids, smi_status__in=ELIGIBLE_SMI_STATUSES
    ).exclude(guid__in=Target.objects.values("guid"))
    ordered = sorted(
        hubs.values_list("smi_status", "guid"), key=lambda row: (row[0] != SmiStatus.SUSPENDED, row[1])
    )
    return [guid for _, guid in ordered[:_MOST_OUTSIDE]]


def _read_silent(journey: Journey) -> None:
    """Let each Supplier read its hubs of no rollout whose activation nobody has confirmed."""
    confirmed = FeedEntry.objects.filter(kind=EntryKind.HUB_ACTIVATED, guid__in=journey.outside)
    silent = set(journey.outside) - set(confirmed.values_list("guid", flat=True))
    for name in suppliers().values():
        party = scope_of(name).organisation_id
        rows = Hub.objects.filter(guid__in=silent).values_list(
            "guid", "import_supplier_id", "gas_supplier_id"
        )
        own = [guid for guid, *both in rows if party in both]
        if name == XML_SUPPLIER:
            read_hubs(journey, own)
        elif own:
            services.request_read(scope_of(name), guids=own, now=journey.clocks.now)
    pass_until(journey, journey.clocks.now + timedelta(hours=6), rate=_BRISK)
