"""Who takes part in a journey, in whose name it acts, and what everything has come to so far."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from demo.journey.clocks import Clocks
from demo.journey.simulator import SimulatorClient
from demo.journey.visitor import Visitor
from demo.seed import people
from demo.seed.people import DemoLogIn
from demo.seed.xml_supplier import XML_SUPPLIER
from portal.identity.models import Organisation, OrganisationKind
from portal.identity.scope import Scope
from rollouts import services
from rollouts.models import HaltRule, Rollout, Target
from rollouts.states import Answer

AMBERGATE: Final = people.BOTH_ROLES
BRACKENMOOR: Final = people.SECOND
COLDWATER: Final = XML_SUPPLIER
DOVEDALE: Final = "Dovedale Gas and Electric"
ELMSWORTH: Final = "Elmsworth Energy"
FOXGLOVE: Final = "Foxglove Power"
GREYFRIARS: Final = "Greyfriars Energy"
INGLENOOK: Final = people.GAS_ONLY
JUNIPER: Final = people.IMPORT_ONLY
_WHOLE_LENGTH: Final = 24 * 120


@dataclass(frozen=True, slots=True)
class HandedOverHub:
    """A hub that changed hands: whose it was, and when the portal had written it down."""

    guid: int
    import_before: int | None
    gas_before: int | None
    at: datetime


@dataclass(slots=True)
class Journey:
    """One journey under way."""

    clocks: Clocks
    simulator: SimulatorClient
    url: str
    password: str
    begins_at: datetime
    rollout_id: int = 0
    beside: dict[str, int] = field(default_factory=dict)
    """The other rollouts, by name."""
    outside: list[int] = field(default_factory=list)
    """Hubs of no rollout that somebody else tells to activate."""
    outside_entry_id: int = 0
    stuck: Counter[str] = field(default_factory=Counter)
    """Hubs that nobody was due to help along, by the stage at whose end they were found."""
    changes: list[HandedOverHub] = field(default_factory=list)
    refusals: Counter[str] = field(default_factory=Counter)
    expected: Counter[str] = field(default_factory=Counter)
    visitors: dict[str, Visitor] = field(default_factory=dict)
    xml_desk: Any = None

    @property
    def rollout(self) -> Rollout:
        """The rollout as it now stands."""
        return Rollout.objects.select_related("cpl_entry__device_model").get(pk=self.rollout_id)

    @property
    def rollout_ids(self) -> list[int]:
        """Every rollout of the journey, its own first."""
        return [self.rollout_id, *self.beside.values()]

    def of(self, name: str) -> Rollout:
        """Return one of the other rollouts as it now stands."""
        return Rollout.objects.get(pk=self.beside[name])

    def calm_halt_rules(self, rollout_id: int) -> None:
        """Let halt rules look back over the whole length of a rollout.

        Success is told at once, silence days later: within the usual windows a wave ends in failures alone,
        and the rollout would be suspended. Over its whole length the rules stay in force.
        """
        for rule in HaltRule.objects.filter(rollout_id=rollout_id):
            services.put_halt_rule(
                self.dcc,
                rollout_id=rollout_id,
                rule_id=rule.pk,
                lookback_hours=_WHOLE_LENGTH,
                now=self.clocks.now,
            )

    @property
    def dcc(self) -> Scope:
        """The DCC's operator."""
        return people.scope_of(people.DCC)

    def visitor(self, supplier: str) -> Visitor:
        """Return somebody of a Supplier who has logged in."""
        if supplier not in self.visitors:
            email = f"journey@{supplier.split(maxsplit=1)[0].lower()}.example"
            log_in = DemoLogIn(supplier, email, f"Analyst of {supplier}", people.SUPPLIER_ROLES, "")
            people.put_log_ins(self.password, [log_in])
            self.visitors[supplier] = Visitor(self.url, email=email, password=self.password)
        return self.visitors[supplier]


def scope_of(supplier: str) -> Scope:
    """Return the scope of a Supplier."""
    return people.scope_of(supplier)


def suppliers() -> dict[int, str]:
    """Return every Supplier's name by its id."""
    organisations = Organisation.objects.filter(kind=OrganisationKind.SUPPLIER).order_by("id")
    return dict(organisations.values_list("id", "name"))


def own_hubs(
    journey: Journey,
    supplier: str,
    *,
    split: bool | None = None,
    answer: Answer | None = None,
    states: Sequence[int] = (),
) -> list[int]:
    """List the hubs a Supplier answers for in the rollout, in order; what is None is not asked."""
    party = scope_of(supplier).organisation_id
    targets = Target.objects.filter(rollout_id=journey.rollout_id).exclude(state=90)
    if states:
        targets = targets.filter(state__in=list(states))
    rows = targets.values_list(
        "guid", "import_supplier_id", "gas_supplier_id", "import_answer", "gas_answer"
    ).order_by("guid")
    guids = []
    for guid, as_import, as_gas, import_answer, gas_answer in rows:
        if party not in (as_import, as_gas):
            continue
        is_split = None not in (as_import, as_gas) and as_import != as_gas
        given = import_answer if as_import == party else gas_answer
        if split in (None, is_split) and answer in (None, given):
            guids.append(guid)
    return guids
