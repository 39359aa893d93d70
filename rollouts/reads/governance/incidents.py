"""Which incidents each organisation may see: a Supplier its own, the DCC and the Panel all."""

from __future__ import annotations

from django.db.models import QuerySet

from portal.identity.scope import Scope
from portal.kernel.refusals import NotFound
from portal.kernel.transactions import inside_unit_of_work
from rollouts.models.governance import Incident


def visible_incidents(scope: Scope) -> QuerySet[Incident]:
    """Keep the incidents this organisation may know of: none of another Supplier, for whatever hub."""
    if scope.is_dcc or scope.is_panel:
        return Incident.objects.all()
    return Incident.objects.filter(organisation_id=scope.organisation_id)


def visible_incident(scope: Scope, incident_id: int) -> Incident:
    """Return one incident with its rollout.

    Raises:
        NotFound: there is none, or not for this organisation.
    """
    return _single(visible_incidents(scope), incident_id)


@inside_unit_of_work
def locked_incident(scope: Scope, incident_id: int) -> Incident:
    """Return one incident and hold its row.

    Raises:
        NotFound: there is none, or not for this organisation.
    """
    return _single(visible_incidents(scope).select_for_update(of=("self",), no_key=True), incident_id)


def _single(incidents: QuerySet[Incident], incident_id: int) -> Incident:
    incident = incidents.select_related("rollout").filter(pk=incident_id).first()
    if incident is None:
        raise NotFound("There is no such incident.")
    return incident
