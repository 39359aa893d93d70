"""Who acts when nobody does: the portal itself, on behalf of the DCC."""

from __future__ import annotations

from portal.identity.models import Organisation, OrganisationKind
from portal.identity.scope import Scope


def the_portal() -> Scope:
    """Return the scope under which deadlines, halt rules and completions act.

    Raises:
        Organisation.DoesNotExist: the portal was never set up.
    """
    dcc = (
        Organisation.objects.filter(kind=OrganisationKind.DCC).order_by("id").values_list("id", flat=True)[:1]
    )
    return Scope.system(dcc.get())
