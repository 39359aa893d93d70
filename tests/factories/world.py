"""A small world made by set: organisations, a hub model with three versions, hubs of every supplier kind.

Of 20 hubs in GUID order: 0-8 sole Party in both roles for `supplier`, 9-11 split
(Import `supplier`, Gas `other`), 12-13 split (Import `third`, Gas `supplier`), 14-15
electricity only for `supplier`, 16 gas only for `other`, 17 sole Party `other`, 18 no
Supplier, 19 split between `other` and `third` (nothing to do with `supplier`).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from portal.identity.models import Organisation, OrganisationKind, User
from portal.identity.scope import Scope
from portal.kernel import sql
from portal.kernel.guid import Guid
from rollouts import rules
from rollouts.models import Batch, CplEntry, CspChannel, DeviceModel, ReleaseNote, Rollout, Target
from rollouts.services import HubList
from tests.factories.people import OrganisationFactory, UserFactory

FIRST_GUID = 0x00DB_1234_0000_0000 - 2**63
FIRST_GPF = 0x00DB_12CC_0000_0000 - 2**63


@dataclass
class World:
    """Who and what a test may speak of."""

    dcc: Organisation
    supplier: Organisation
    other: Organisation
    third: Organisation
    csp: Organisation
    panel: Organisation
    operator_user: User
    supplier_user: User
    other_user: User
    third_user: User
    csp_user: User
    panel_user: User
    model: DeviceModel
    oldest: CplEntry
    current: CplEntry
    target: CplEntry
    hubs: int

    @property
    def operator(self) -> Scope:
        """The scope of a DCC operator."""
        return Scope.of(self.operator_user)

    @property
    def as_supplier(self) -> Scope:
        """The scope of an analyst of `supplier`."""
        return Scope.of(self.supplier_user)

    @property
    def as_other(self) -> Scope:
        """The scope of an analyst of `other`."""
        return Scope.of(self.other_user)

    @property
    def as_third(self) -> Scope:
        """The scope of an analyst of `third`."""
        return Scope.of(self.third_user)

    @property
    def as_csp(self) -> Scope:
        """The scope of a planner of the CSP."""
        return Scope.of(self.csp_user)

    @property
    def as_panel(self) -> Scope:
        """The scope of a member of the Panel."""
        return Scope.of(self.panel_user)

    def guid(self, number: int) -> int:
        """The GUID (database form) of the hub with this number, counted from 0."""
        return FIRST_GUID + number

    def pasted(self, *numbers: int) -> str:
        """The GUIDs of these hubs, a line each, as a person would paste them."""
        return "\n".join(str(Guid.from_db(self.guid(number))) for number in numbers)

    def hub_list(self, *numbers: int) -> HubList:
        """The list of these hubs that a service is given."""
        return HubList.from_text(self.pasted(*numbers))

    def target_of(self, rollout: Rollout, number: int) -> Target:
        """The place of the hub with this number in a rollout."""
        return Target.objects.get(rollout_id=rollout.pk, guid=self.guid(number))


def make_world(*, hubs: int = 20, region: int = 2) -> World:
    """Make the world; all hubs Commissioned, in one region, on `current`, of one model."""
    kinds = OrganisationKind
    dcc = OrganisationFactory(kind=kinds.DCC, name="DCC")
    supplier = OrganisationFactory(name="Brightwater Energy")
    other = OrganisationFactory(name="Fernhill Gas")
    third = OrganisationFactory(name="Kestrel Power")
    csp = OrganisationFactory(kind=kinds.CSP, name="CSP Central and South")
    panel = OrganisationFactory(kind=kinds.PANEL, name="SEC Panel")
    model = DeviceModel.objects.create(
        manufacturer="Toshiba",
        manufacturer_code="106C",
        model="433100AC",
        hardware_version="00AC",
        band=DeviceModel.Band.SINGLE,
        regions=[2, 3],
    )
    oldest = _entry(model, "0C210000", [])
    current = _entry(model, "0C220000", [oldest.pk])
    target = _entry(model, "0C230000", [current.pk])
    CspChannel.objects.bulk_create(
        CspChannel(region=number, csp=csp, base_url="http://127.0.0.1:1", token="test-token")
        for number in range(1, 7)
    )
    sql.run(
        HUBS,
        {
            "hubs": hubs,
            "first": FIRST_GUID,
            "first_gpf": FIRST_GPF,
            "model": model.pk,
            "entry": current.pk,
            "region": region,
            "supplier": supplier.pk,
            "other": other.pk,
            "third": third.pk,
        },
    )
    return World(
        dcc=dcc,
        supplier=supplier,
        other=other,
        third=third,
        csp=csp,
        panel=panel,
        operator_user=UserFactory(organisation=dcc),
        supplier_user=UserFactory(organisation=supplier),
        other_user=UserFactory(organisation=other),
        third_user=UserFactory(organisation=third),
        csp_user=UserFactory(organisation=csp),
        panel_user=UserFactory(organisation=panel),
        model=model,
        oldest=oldest,
        current=current,
        target=target,
        hubs=hubs,
    )


def make_rollout(
    world: World,
    *,
    now: datetime,
    status: str = "SAFE_LAUNCH",
    automatic_at: datetime | None = None,
    policy: str = "VOLUNTARY",
    has_pilot: bool = False,
    gate_open: bool = True,
) -> Rollout:
    """Make a rollout with a target for every hub of the world, straight into the tables.

    For tests of what comes after publishing; publishing itself is tested through its service.
    """
    automatic_at = automatic_at or now + timedelta(days=120)
    rollout = Rollout.objects.create(
        name="Toshiba 0C230000",
        cpl_entry=world.target,
        kind="SEC_RELEASE",
        severity="MAJOR",
        priority="P2",
        notified_at=now,
        automatic_at=automatic_at,
        cutoff_at=rules.one_month_before(automatic_at),
        consent_policy=policy,
        has_pilot=has_pilot,
        status=status,
        status_at=now,
        created_at=now,
    )
    ReleaseNote.objects.create(
        rollout=rollout, revision=1, url="https://sharepoint.example/notes/1", published_at=now
    )
    if has_pilot:
        Batch.objects.create(
            rollout=rollout, kind="PILOT", position=0, name="Pilot group", gate_open=status == "PILOT"
        )
    main = Batch.objects.create(
        rollout=rollout, kind="SAFE_LAUNCH", position=1, name="Safe launch group", gate_open=gate_open
    )
    sql.run("SELECT rollouts_make_target_partition(%(id)s)", {"id": rollout.pk})
    sql.run("SELECT rollouts_attach_target_partition(%(id)s)", {"id": rollout.pk})
    sql.run(TARGETS, {"rollout": rollout.pk, "batch": main.pk, "now": now, "automatic": automatic_at})
    return rollout


def _entry(model: DeviceModel, version: str, predecessors: list[int]) -> CplEntry:
    return CplEntry.objects.create(
        device_model=model,
        firmware_version=version,
        firmware_version_raw=version,
        image_sha256=bytes.fromhex(version * 8),
        chts_version="CHTS V1.4",
        gbcs_version="4.2",
        allowed_predecessor_ids=predecessors,
    )


HUBS = """
INSERT INTO rollouts_hub (guid, gpf_guid, device_model_id, cpl_entry_id, gpf_cpl_entry_id, import_supplier_id,
                          gas_supplier_id, commissioned_on, installed_on, region, smi_status, gpf_status, han_devices,
                          postcode_area)
SELECT %(first)s::bigint + g, %(first_gpf)s::bigint + g, %(model)s, %(entry)s, %(entry)s,
       CASE WHEN g %% 20 IN (16, 18) THEN NULL
            WHEN g %% 20 IN (12, 13) THEN %(third)s
            WHEN g %% 20 IN (17, 19) THEN %(other)s
            ELSE %(supplier)s END,
       CASE WHEN g %% 20 IN (14, 15, 18) THEN NULL
            WHEN g %% 20 IN (9, 10, 11, 16, 17) THEN %(other)s
            WHEN g %% 20 = 19 THEN %(third)s
            ELSE %(supplier)s END,
       date '2022-01-01' + (g %% 900)::int, date '2022-01-01' + (g %% 900)::int, %(region)s, 4, 4, 3 + g %% 4, 'SW'
  FROM generate_series(0, %(hubs)s - 1) AS g
"""

TARGETS = """
INSERT INTO rollouts_target (guid, effective_at, state_at, rollout_id, batch_id, import_supplier_id, gas_supplier_id,
                             from_cpl_entry_id, region, consent, state)
SELECT guid, %(automatic)s, %(now)s, %(rollout)s, %(batch)s, import_supplier_id, gas_supplier_id, cpl_entry_id, region,
       CASE WHEN import_supplier_id IS NULL AND gas_supplier_id IS NULL THEN 6
            WHEN import_supplier_id <> gas_supplier_id THEN 2 ELSE 1 END,
       CASE WHEN import_supplier_id IS NULL AND gas_supplier_id IS NULL THEN 20 ELSE 10 END
  FROM rollouts_hub
"""
