"""A delay moves the dates, opens instruction again, and settles every hub's time again (R5.6)."""

from __future__ import annotations

from datetime import timedelta

import pytest
from dateutil.relativedelta import relativedelta
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from portal.events.kinds import EntryKind
from portal.events.models import FeedOutbox
from portal.kernel import sql
from rollouts import rules, services
from rollouts.models import Batch, Command, Decision, Rollout, Target
from rollouts.services.rollouts import reschedule as _delaying
from rollouts.states import Answer, CommandKind, Consent, ConsentPolicy, InstructionKind
from tests.factories import make_rollout
from tests.integration.deciding import decide, recommended, sign
from tests.integration.dispatching import dispatch, settle, states, target

pytestmark = [pytest.mark.django_db, pytest.mark.hubs(40)]


@pytest.fixture
def rollout(world, now):
    """Past its cut-off: the automatic time is a week away, nobody is waited for any more."""
    rollout = make_rollout(world, now=now - timedelta(days=100), automatic_at=now + timedelta(days=7))
    services.close_window(rollout_id=rollout.pk, now=now)
    rollout.refresh_from_db()
    assert rollout.window_closed_at is not None
    return rollout


def later(rollout, days=60):
    return rollout.automatic_at + timedelta(days=days)


def consents(rollout):
    return set(Target.objects.filter(rollout_id=rollout.pk).values_list("consent", flat=True))


@pytest.mark.requirement("R5.3")
def test_a_delay_moves_the_automatic_time_and_the_cut_off_and_opens_instruction_again(world, rollout, now):
    until = later(rollout)

    decide(world, rollout, "DELAY", now, automatic_at=until)
    services.finish_delays(now)

    rollout.refresh_from_db()
    assert (rollout.automatic_at, rollout.cutoff_at) == (until, until - relativedelta(months=1))
    assert (rollout.window_closed_at, rollout.is_rescheduling) == (None, False)
    assert consents(rollout) == {Consent.AWAITING, Consent.AWAITING_BOTH, Consent.NO_SUPPLIER}
    effective = set(Target.objects.filter(rollout_id=rollout.pk).values_list("effective_at", flat=True))
    assert effective == {until}
    assert states(rollout) == {10: 38, 20: 2}
    assert services.measure_drift(rollout_id=rollout.pk).total == 0

    taken = services.receive_instruction(
        world.as_supplier,
        rollout_id=rollout.pk,
        kind=InstructionKind.INSTRUCT,
        source=services.HubList.from_stored([world.guid(0)]),
        activate_at=now + timedelta(days=10),
        received_at=now,
        now=now,
    )
    assert taken.accepted == 1


def test_only_this_decision_goes_beyond_six_months_after_the_notice(world, rollout, now):
    until = rules.six_months_after(rollout.notified_at) + timedelta(days=40)

    decide(world, rollout, "DELAY", now, automatic_at=until)

    rollout.refresh_from_db()
    assert rollout.automatic_at == until


def test_batches_move_by_the_same_amount(world, rollout, now):
    own = Batch.objects.create(
        rollout=rollout,
        kind="SAFE_LAUNCH",
        position=2,
        name="First wave",
        automatic_at=rollout.automatic_at - timedelta(days=3),
        cutoff_at=rollout.cutoff_at - timedelta(days=3),
        window_closed_at=now,
        gate_open=True,
    )
    Target.objects.filter(rollout_id=rollout.pk, guid=world.guid(0)).update(
        batch_id=own.pk, effective_at=own.automatic_at
    )
    until = later(rollout, days=60)

    decide(world, rollout, "DELAY", now, automatic_at=until)
    services.finish_delays(now)

    own.refresh_from_db()
    assert own.automatic_at == until - timedelta(days=3)
    assert own.cutoff_at == rules.one_month_before(own.automatic_at)
    assert own.window_closed_at is None
    assert target(rollout, world.guid(0)).effective_at == own.automatic_at


def test_times_that_suppliers_asked_for_stand(world, rollout, now):
    requested = now + timedelta(days=3)
    settle(
        rollout,
        state=20,
        consent=4,
        import_answer=1,
        import_time=requested,
        answered_at=now - timedelta(days=50),
        effective_at=requested,
        where=f"guid = {world.guid(0)}",
    )

    decide(world, rollout, "DELAY", now, automatic_at=later(rollout))
    services.finish_delays(now)

    stored = target(rollout, world.guid(0))
    assert (stored.consent, stored.effective_at, stored.state) == (Consent.COMPLETE, requested, 20)


@pytest.mark.requirement("R5.5")
def test_each_supplier_hears_its_new_dates_and_how_many_hubs_it_is_asked_for_again(world, rollout, now):
    until = later(rollout)

    decide(world, rollout, "DELAY", now, automatic_at=until)

    entries = {e.party_id: e.data for e in FeedOutbox.objects.filter(kind=EntryKind.ROLLOUT_DELAYED)}
    mine = entries[world.supplier.pk]
    assert mine["open_again"] == 32
    assert (mine["automatic_at"], mine["automatic_at_before"]) == (
        until.isoformat(),
        rollout.automatic_at.isoformat(),
    )
    assert "instructed again" in mine["what_to_do"]


@pytest.mark.requirement("R5.5")
def test_a_delay_that_opens_no_window_promises_none(world, rollout, now):
    decide(world, rollout, "DELAY", now, automatic_at=now + timedelta(days=20))
    services.finish_delays(now)

    entries = {e.party_id: e.data for e in FeedOutbox.objects.filter(kind=EntryKind.ROLLOUT_DELAYED)}
    mine = entries[world.supplier.pk]
    assert mine["open_again"] == 0
    assert "no window for instructions" in mine["what_to_do"]
    assert mine["means"]["go_on"] == 32
    assert consents(rollout) == {Consent.DEFAULTED, Consent.NO_SUPPLIER}
    assert Decision.objects.get(rollout=rollout).finished_at == now


@pytest.mark.requirement("R5.5")
def test_only_hubs_of_batches_whose_window_opens_are_asked_for_again(world, rollout, now):
    early = Batch.objects.create(
        rollout=rollout,
        kind="SAFE_LAUNCH",
        position=2,
        name="First wave",
        automatic_at=rollout.automatic_at - timedelta(days=6),
        cutoff_at=rollout.cutoff_at - timedelta(days=6),
        window_closed_at=now,
        gate_open=True,
    )
    first_ten = f"guid < {world.guid(10)}"
    settle(rollout, consent=5, batch_id=early.pk, effective_at=early.automatic_at, where=first_ten)
    until = now + relativedelta(months=1) + timedelta(days=2)

    decide(world, rollout, "DELAY", now, automatic_at=until)

    entries = {e.party_id: e.data for e in FeedOutbox.objects.filter(kind=EntryKind.DECISION_MADE)}
    early.refresh_from_db()
    assert early.cutoff_at < now
    assert entries[world.supplier.pk]["open_again"] == 22
    services.finish_delays(now)
    assert target(rollout, world.guid(0)).consent == Consent.DEFAULTED
    assert target(rollout, world.guid(20)).consent == Consent.AWAITING


@pytest.mark.requirement("R5.5")
def test_a_delay_that_does_not_go_on_says_that_hubs_are_held_back(world, rollout, now):
    Rollout.objects.filter(pk=rollout.pk).update(status="SUSPENDED", stood_at="SAFE_LAUNCH")

    decide(world, rollout, "DELAY", now, automatic_at=later(rollout), goes_on=False)

    entries = {e.party_id: e.data for e in FeedOutbox.objects.filter(kind=EntryKind.DECISION_MADE)}
    mine = entries[world.supplier.pk]
    assert "go_on" not in mine["means"]
    assert mine["means"]["held_back"] == 32
    assert "you are told when it does" in mine["what_to_do"]


def test_nothing_is_claimed_until_every_hub_has_its_new_time(csp, world, rollout, now):
    settle(rollout, state=40, consent=5, effective_at=now)
    services.plan_due(now)

    decide(world, rollout, "DELAY", now, automatic_at=later(rollout))
    assert (services.plan_due(now), dispatch(now)) == (0, 0)

    services.finish_delays(now)
    assert dispatch(now) == 0
    assert states(rollout) == {40: 40}
    assert csp.hubs("activate") == []


@pytest.mark.requirement("R1.2")
def test_activations_dated_ahead_by_default_are_recalled_and_asked_for_again(csp, world, rollout, now):
    soon = now + timedelta(hours=20)
    settle(rollout, state=40, consent=5, effective_at=soon)
    settle(
        rollout,
        state=40,
        consent=4,
        import_answer=1,
        import_time=soon,
        answered_at=now - timedelta(days=50),
        effective_at=soon,
        where=f"guid = {world.guid(0)}",
    )
    Rollout.objects.filter(pk=rollout.pk).update(automatic_at=soon, cutoff_at=soon - relativedelta(months=1))
    services.plan_due(now)
    dispatch(now)
    assert states(rollout) == {50: 40}

    decide(world, rollout, "DELAY", now, automatic_at=now + timedelta(days=60))
    done = services.finish_delays(now)
    assert done.recalled == 39
    assert dispatch(now) == 39
    assert len(csp.hubs("cancel")) == 39
    assert Decision.objects.get(rollout=rollout).finished_at is None

    settle(rollout, state=40, consent=5, where="state = 55")  # as the cancels' answers say
    done = services.finish_delays(now)

    assert done.reopened == 37  # of the 39, two have no Supplier to ask
    opened = FeedOutbox.objects.filter(kind=EntryKind.HUB_CONSENT).values_list("guid", flat=True)
    assert len(set(opened)) == 37
    assert states(rollout) == {40: 39, 50: 1}
    assert Decision.objects.get(rollout=rollout).finished_at == now
    assert services.plan_due(now) == 0


def test_a_delay_of_a_suspended_rollout_goes_on_with_its_new_times(csp, world, rollout, now):
    settle(rollout, state=40, consent=5, effective_at=now + timedelta(hours=5))
    services.plan_due(now)
    dispatch(now)
    services.halt(world.operator, rollout_id=rollout.pk, verb="suspend", reason="-", now=now)
    dispatch(now)
    settle(rollout, state=56, consent=5, where="state = 55")

    decide(world, rollout, "DELAY", now, automatic_at=later(rollout))
    services.finish_halts(now)
    services.finish_delays(now)

    rollout.refresh_from_db()
    assert (rollout.status, rollout.is_rescheduling) == ("SAFE_LAUNCH", False)
    assert states(rollout) == {40: 40}
    assert services.plan_due(now) == 0


@pytest.mark.parametrize("halted", ["SUSPENDED", "PAUSED"])
def test_a_delay_that_does_not_go_on_leaves_the_rollout_paused(world, rollout, now, halted):
    Rollout.objects.filter(pk=rollout.pk).update(status=halted, stood_at="SAFE_LAUNCH")

    decide(world, rollout, "DELAY", now, automatic_at=later(rollout), goes_on=False)
    services.finish_delays(now)

    rollout.refresh_from_db()
    assert (rollout.status, rollout.is_rescheduling) == ("PAUSED", False)
    assert rollout.automatic_at > now + timedelta(days=60)
    decide(world, rollout, "PROCEED", now)
    rollout.refresh_from_db()
    assert rollout.status == "SAFE_LAUNCH"


def test_a_delay_may_be_halted_while_its_hubs_are_settled_anew(world, rollout, now):
    decide(world, rollout, "DELAY", now, automatic_at=later(rollout))
    services.halt(world.operator, rollout_id=rollout.pk, verb="suspend", reason="Wait.", now=now)

    services.finish_delays(now)

    rollout.refresh_from_db()
    assert (rollout.status, rollout.is_rescheduling) == ("SUSPENDED", False)
    assert Consent.DEFAULTED not in consents(rollout)


def test_a_second_delay_during_the_first_is_walked_once_more(world, rollout, now, monkeypatch):
    first, second = later(rollout), later(rollout, days=90)
    monkeypatch.setattr(_delaying, "PAGE", 15)
    decide(world, rollout, "DELAY", now, automatic_at=first)
    page = _delaying._page
    calls = []

    def interrupted(*args, **kwargs):
        calls.append(1)
        if len(calls) == 2:
            decide(world, rollout, "DELAY", now, automatic_at=second)
        return page(*args, **kwargs)

    monkeypatch.setattr(_delaying, "_page", interrupted)
    services.finish_delays(now)
    services.finish_delays(now)

    rollout.refresh_from_db()
    effective = set(Target.objects.filter(rollout_id=rollout.pk).values_list("effective_at", flat=True))
    assert (effective, rollout.is_rescheduling) == ({second}, False)


def test_a_date_that_passes_before_the_last_signature_is_refused_then(world, rollout, now):
    decision = recommended(world, rollout, "DELAY", now, automatic_at=later(rollout))

    with pytest.raises(rules.RuleBroken):
        sign(world.as_panel, decision, later(rollout) + timedelta(days=1))
    rollout.refresh_from_db()
    assert rollout.is_rescheduling is False


def test_a_delay_that_was_cut_short_is_gone_on_with(world, rollout, now, monkeypatch):
    monkeypatch.setattr(_delaying, "PAGE", 15)
    decide(world, rollout, "DELAY", now, automatic_at=later(rollout))
    page, calls = _delaying._page, []

    def dies(*args, **kwargs):
        calls.append(1)
        if len(calls) == 2:
            raise SystemExit
        return page(*args, **kwargs)

    monkeypatch.setattr(_delaying, "_page", dies)
    with pytest.raises(SystemExit):
        services.finish_delays(now)
    rollout.refresh_from_db()
    assert rollout.is_rescheduling is True

    services.finish_delays(now)
    rollout.refresh_from_db()
    assert rollout.is_rescheduling is False
    assert Consent.DEFAULTED not in consents(rollout)


answers = st.sampled_from(list(Answer))
hours = st.integers(-60 * 24, 6 * 24) | st.none()


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    given=st.lists(st.tuples(answers, hours, answers, hours), min_size=20, max_size=20),
    policy=st.sampled_from(list(ConsentPolicy)),
    days=st.integers(1, 200),
)
def test_after_a_delay_every_hub_stands_as_the_rule_says(world, now, given, policy, days):
    rollout = make_rollout(
        world, now=now - timedelta(days=100), automatic_at=now + timedelta(days=7), policy=policy
    )
    answered_at = now - timedelta(days=55)
    for number, (import_answer, import_hours, gas_answer, gas_hours) in enumerate(given):
        settle(
            rollout,
            state=20,
            consent=5,
            import_answer=int(import_answer),
            import_time=None if import_hours is None else now + timedelta(hours=import_hours),
            gas_answer=int(gas_answer),
            gas_time=None if gas_hours is None else now + timedelta(hours=gas_hours),
            answered_at=answered_at,
            where=f"guid = {world.guid(number)}",
        )
    decide(world, rollout, "DELAY", now, automatic_at=later(rollout, days))
    services.finish_delays(now)

    rollout.refresh_from_db()
    window = rules.ConsentTerms(policy, rollout.automatic_at, rollout.cutoff_at)
    for each in Target.objects.filter(rollout_id=rollout.pk, guid__lt=world.guid(20)):
        expected = rules.resolve(
            window,
            import_party=each.import_supplier_id,
            gas_party=each.gas_supplier_id,
            import_wish=rules.SupplierAnswer(Answer(each.import_answer), each.import_time),
            gas_wish=rules.SupplierAnswer(Answer(each.gas_answer), each.gas_time),
            answered_at=each.answered_at,
            now=now,
        )
        assert (each.consent, each.effective_at) == (expected.consent, expected.effective_at)
        assert each.state == (20 if expected.is_final else 10)
    assert Command.objects.filter(kind=CommandKind.ACTIVATE).count() == 0
    sql.run("DELETE FROM rollouts_target WHERE rollout_id = %(id)s", {"id": rollout.pk})
