"""Which rollouts each organisation may see: drafts the DCC alone, the others those concerned."""

from __future__ import annotations

from django.db.models import Q, QuerySet, Sum

from portal.identity.scope import Scope
from portal.kernel.refusals import NotFound
from portal.kernel.transactions import inside_unit_of_work
from rollouts.models.dispatch import CspChannel
from rollouts.models.plans import Rollout
from rollouts.models.tallies import TallyState
from rollouts.states import RolloutStatus


def visible_rollouts(scope: Scope) -> QuerySet[Rollout]:
    """Keep the rollouts this organisation may know of.

    A Supplier knows those with hubs it answers for at this moment, a CSP those with hubs in
    its regions, the Panel all that were published.
    """
    if scope.is_dcc:
        return Rollout.objects.all()
    published = Rollout.objects.exclude(status=RolloutStatus.DRAFT)
    if scope.is_panel:
        return published
    if scope.is_csp:
        regions = CspChannel.objects.filter(csp_id=scope.organisation_id).values("region")
        concerned = Q(region__in=regions)
    else:
        organisation = scope.organisation_id
        concerned = Q(import_supplier_id=organisation) | Q(gas_supplier_id=organisation)
    counted = TallyState.objects.filter(concerned).values("rollout_id").annotate(hubs=Sum("n"))
    return published.filter(pk__in=counted.filter(hubs__gt=0).values("rollout_id"))


def visible_rollout(scope: Scope, rollout_id: int) -> Rollout:
    """Return one rollout, with its CPL entry and hub model.

    Raises:
        NotFound: there is none, or not for this organisation.
    """
    return _single(visible_rollouts(scope), rollout_id)


@inside_unit_of_work
def locked_rollout(scope: Scope, rollout_id: int) -> Rollout:
    """Return one rollout and hold its row: claims and alerts of its hubs wait until the commit.

    Raises:
        NotFound: there is none, or not for this organisation.
    """
    return _single(visible_rollouts(scope).select_for_update(of=("self",), no_key=True), rollout_id)


def _single(rollouts: QuerySet[Rollout], rollout_id: int) -> Rollout:
    rollout = rollouts.select_related("cpl_entry__device_model").filter(pk=rollout_id).first()
    if rollout is None:
        raise NotFound("There is no such rollout.")
    return rollout
