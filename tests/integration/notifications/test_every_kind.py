"""Every kind of notice reaches its reader's inbox and mailbox."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.core import mail

from notifications import queries, services
from portal.events import sequencer
from portal.events.journal import publish_entries
from portal.identity.scope import Scope
from portal.kernel.references import reference_of
from portal.kernel.transactions import unit_of_work
from tests.factories import make_rollout, make_world
from tests.notice_examples import EXAMPLES

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.mark.requirement("R6.7")
@pytest.mark.parametrize("kind", EXAMPLES, ids=lambda kind: kind.name)
def test_a_notice_of_every_kind_is_in_the_inbox_and_in_the_mailbox(now, kind):
    world = make_world(hubs=0)
    rollout = make_rollout(world, now=now)
    readers = {
        "a Supplier": world.supplier_user,
        "a CSP": world.csp_user,
        "the DCC": world.operator_user,
        "the Panel": world.panel_user,
    }
    example = EXAMPLES[kind][0]
    reader = readers[example.reader.partition(",")[0]]
    services.enrol_readers()
    facts = (
        {**example.facts, "person": reference_of(reader.pk, "person")}
        if "person" in example.facts
        else dict(example.facts)
    )

    unit_of_work(publish_entries)(
        kind, parties=[reader.organisation_id], rollout_id=rollout.pk, at=now, data=facts
    )
    sequencer.sequence_all()
    services.deliver_mail(now=now + timedelta(days=1))

    (notice,) = queries.inbox(Scope.of(reader)).items
    (letter,) = (each for each in mail.outbox if each.to == [reader.email])
    # Grouped under the name of the rollout, a letter does not repeat it.
    assert notice.title.partition(":")[0] in letter.body
