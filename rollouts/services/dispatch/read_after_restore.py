"""After the database has lost what was committed last: hear from the hubs what became of them."""

from __future__ import annotations

from datetime import datetime

from portal.events import journal
from portal.identity.models import Organisation, OrganisationKind
from portal.identity.scope import Scope
from portal.kernel import history, sql
from portal.kernel.transactions import unit_of_work
from rollouts.rules import pacing
from rollouts.services.dispatch.planner_hints import expect_many
from rollouts.states import OPEN_STATUSES


@unit_of_work
def read_after_restore(now: datetime) -> int:
    """Have every hub read that has not come to its end, once, if the database was restored or taken over.

    Commands that had left and alerts that had come may be among what is lost. Returns how many hubs.
    """
    dcc = Organisation.objects.filter(kind=OrganisationKind.DCC).first()
    if dcc is None or not history.has_turned(history.HistoryPart.HUBS):
        return 0
    expect_many()
    size = pacing.DispatchSettings.current().command_size
    hubs = int(sql.fetch_one("rollouts", "read_unended", size=size, open=sorted(OPEN_STATUSES), now=now).hubs)
    journal.record(
        "database.resumed", subject="database", by=Scope.system(dcc.pk), at=now, facts={"hubs_to_read": hubs}
    )
    return hubs
