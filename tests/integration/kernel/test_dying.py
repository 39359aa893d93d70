"""A process that dies at any statement of a use case leaves nothing of it, and doing it again does it once."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta

import pytest
from django.apps import apps
from django.db import transaction

from portal.events.models import FeedOutbox
from portal.kernel import sql
from rollouts import services
from rollouts.models import PilotSubmission, Target
from rollouts.services import HubList
from rollouts.states import InstructionKind
from tests.factories import make_rollout
from tests.integration import publishing
from tests.integration.dying import deaths, dying
from tests.integration.rollouts.test_summaries import morning_with

pytestmark = pytest.mark.django_db
ALL = {"all": []}
HOURS = {"from": "23:00", "to": "04:00"}


def everything():
    """Return a digest of each table."""
    return {
        model._meta.db_table: sql.rows(
            f"SELECT count(*) AS n, md5(string_agg(t::text, '|' ORDER BY t::text)) AS digest"
            f" FROM {model._meta.db_table} AS t"
        )[0]
        for model in apps.get_models()
        if model._meta.managed and model._meta.app_label in {"rollouts", "events", "notifications", "kernel"}
    }


def pilot_of(world, now):
    return make_rollout(world, now=now, status="NOTIFIED", has_pilot=True, gate_open=False)


def skip(world, now):
    rollout = pilot_of(world, now)
    return lambda: services.skip_pilot(
        world.operator, rollout_id=rollout.pk, commentary="Nobody names hubs.", now=now
    )


def remind(world, now):
    rollout = pilot_of(world, now)
    return lambda: services.remind_to_nominate(world.operator, rollout_id=rollout.pk, now=now)


def propose(world, now):
    rollout = pilot_of(world, now)
    return lambda: services.propose_pilot(world.operator, rollout_id=rollout.pk, tree=ALL, now=now)


def accept(world, now):
    propose(world, now)()
    proposed = PilotSubmission.objects.filter(organisation_id=world.supplier.pk).latest("pk")
    return lambda: services.answer_proposal(
        world.as_supplier, submission_id=proposed.pk, accepts=True, now=now
    )


def take_back(world, now):
    propose(world, now)()
    proposed = PilotSubmission.objects.filter(organisation_id=world.supplier.pk).latest("pk")
    return lambda: services.withdraw_proposed(world.operator, submission_id=proposed.pk, now=now)


def instruct(world, now):
    rollout = make_rollout(world, now=now)
    return lambda: services.receive_instruction(
        world.as_supplier,
        rollout_id=rollout.pk,
        kind=InstructionKind.INSTRUCT,
        source=HubList.from_stored([world.guid(0), world.guid(9), world.guid(17)]),
        received_at=now,
        now=now,
    )


def rule(world, now):
    tree = {"all": [{"field": "region", "op": "=", "value": "NORTH"}]}
    services.save_rule(world.as_supplier, name="North", tree=ALL, now=now)
    return lambda: services.save_rule(world.as_supplier, name="North", tree=tree, now=now)


def confirm(world, now):
    rollout = pilot_of(world, now)
    source = HubList.from_stored([world.guid(0), world.guid(1)])
    done = services.submit_pilot(world.as_supplier, rollout_id=rollout.pk, source=source, now=now)
    return lambda: services.confirm_pilot(
        world.operator, rollout_id=rollout.pk, submission_ids=[done.submission_id], now=now
    )


def plan(world, now):
    rollout, day = pilot_of(world, now), timedelta(days=1)
    return lambda: services.plan_pilot(
        world.operator, rollout_id=rollout.pk, starts_at=now + 5 * day, ends_at=now + 9 * day, now=now
    )


def pace(world, now):
    rollout = make_rollout(world, now=now)
    return lambda: services.set_pace(
        world.operator, rollout_id=rollout.pk, approved_by="Operations", activation_hours=HOURS, now=now
    )


def channel(world, now):
    return lambda: services.set_channel(
        world.operator, region=2, approved_by="Operations", capacity_per_second=7, now=now
    )


def own_hours(world, now):
    return lambda: services.set_own_hours(world.as_supplier, hours=HOURS, now=now)


def entry(world, now):
    path = list(world.target.allowed_predecessor_ids)
    facts = services.EntryFacts(image_sha256="AB" * 32, predecessors=path)
    return lambda: services.change_cpl_entry(
        world.operator, cpl_entry_id=world.target.pk, facts=facts, now=now
    )


def entry_status(world, now):
    make_rollout(world, now=now)
    return lambda: services.change_cpl_status(
        world.operator, cpl_entry_id=world.target.pk, status="CANCELLED", reason="Withdrawn.", now=now
    )


def discard(world, now):
    draft = publishing.draft(world, now=now)
    return lambda: services.discard_draft(world.operator, rollout_id=draft.pk, now=now)


def label(world, now):
    hubs = HubList.from_stored([world.guid(0), world.guid(1)])
    return lambda: services.add_label(world.as_supplier, label="tower block", hubs=hubs)


@pytest.mark.parametrize(
    "make",
    [
        discard,
        label,
        skip,
        remind,
        propose,
        accept,
        take_back,
        confirm,
        instruct,
        rule,
        plan,
        pace,
        channel,
        own_hours,
        entry,
        entry_status,
    ],
)
def test_nothing_is_left_of_what_dies_at_any_statement(world, now, monkeypatch, make):
    act = make(world, now)
    before, at, is_done = everything(), 0, False
    while not is_done:
        at += 1
        with dying(monkeypatch, at) as count:
            act()
        is_done = count[0] < at
        assert is_done or everything() == before, f"died at statement {at}"

    assert at > 2
    assert everything() != before


def test_a_changed_path_whose_refresh_died_is_made_good_by_the_nightly_one(world, now, monkeypatch):
    make_rollout(world, now=now)
    facts = services.EntryFacts(image_sha256="AB" * 32, predecessors=[world.oldest.pk])

    def change():
        services.change_cpl_entry(world.operator, cpl_entry_id=world.target.pk, facts=facts, now=now)

    start = transaction.savepoint()
    change()
    complete = states()
    transaction.savepoint_rollback(start)
    with dying(monkeypatch, 10):
        change()
    assert states() != complete

    services.refresh_eligibility(now=now)

    assert states() == complete


def test_reminders_that_died_at_any_statement_are_sent_once(world, now, monkeypatch):
    first, _ = make_rollout(world, now=now), make_rollout(world, now=now)
    morning = morning_with(7, first.cutoff_at)
    start = transaction.savepoint()
    services.summarise(now=morning)
    sent_once = sent()
    transaction.savepoint_rollback(start)

    for at in deaths(monkeypatch, lambda: services.summarise(now=morning)):
        services.summarise(now=morning)
        assert sent() == sent_once, f"died at statement {at}"

    assert len(sent_once) > 1


def states():
    """Count targets by state."""
    return Counter(Target.objects.values_list("state", flat=True))


def sent():
    """Count entries by party, rollout and kind."""
    return Counter(FeedOutbox.objects.values_list("party_id", "rollout_id", "kind"))
