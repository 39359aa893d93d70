"""Addresses of the REST mirror, named as the pages are."""

from __future__ import annotations

from rollouts.api.catalogue import urls as catalogue
from rollouts.api.dispatch import urls as dispatch
from rollouts.api.estate import urls as estate
from rollouts.api.governance import urls as governance
from rollouts.api.instructions import urls as instructions
from rollouts.api.pilots import urls as pilots
from rollouts.api.rollouts import urls as rollouts
from rollouts.api.rules import urls as rules

app_name = "api"
urlpatterns = [
    *catalogue.urlpatterns,
    *dispatch.urlpatterns,
    *estate.urlpatterns,
    *governance.urlpatterns,
    *instructions.urlpatterns,
    *pilots.urlpatterns,
    *rollouts.urlpatterns,
    *rules.urlpatterns,
]
