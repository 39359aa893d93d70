"""Addresses of the pages."""

from __future__ import annotations

from rollouts.web.alerts import urls as alerts
from rollouts.web.catalogue import urls as catalogue
from rollouts.web.dispatch import urls as dispatch
from rollouts.web.estate import urls as estate
from rollouts.web.governance import urls as governance
from rollouts.web.instructions import urls as instructions
from rollouts.web.pilots import urls as pilots
from rollouts.web.rollouts import urls as rollouts
from rollouts.web.rules import urls as rules

app_name = "rollouts"
urlpatterns = [
    *alerts.urlpatterns,
    *catalogue.urlpatterns,
    *dispatch.urlpatterns,
    *estate.urlpatterns,
    *governance.urlpatterns,
    *instructions.urlpatterns,
    *pilots.urlpatterns,
    *rollouts.urlpatterns,
    *rules.urlpatterns,
]
