"""What a halt rule that trips does, when it looks again, and who keeps the rules (R5.7)."""

from __future__ import annotations

from datetime import timedelta

import pytest

from portal.events.models import Event
from portal.kernel.refusals import BadInput, NotFound, NotPermitted
from rollouts import services
from rollouts.models import HaltRule, HaltTrip
from rollouts.reads.governance.halt_lookback import read_halt_rule
from rollouts.rules.rates import Rate
from rollouts.services.governance import evaluate_halt_rules as _halt_rules
from tests.factories import make_rollout
from tests.integration.deciding import decide, status_of
from tests.integration.halt_rules import ends, put_rule
from tests.integration.publishing import published

pytestmark = [pytest.mark.django_db, pytest.mark.hubs(100), pytest.mark.usefixtures("fresh_cache")]


@pytest.fixture
def rollout(world, now):
    return make_rollout(world, now=now - timedelta(days=30))


class TestOnceAndAnew:
    def test_a_resume_begins_the_window_anew(self, world, rollout, now):
        put_rule(world, rollout, now)
        ends(world, rollout, 0, 40, state=51, code=32, at=now)
        services.evaluate_halt_rules(now)

        later = now + timedelta(hours=1)
        decide(world, rollout, "PROCEED", later)

        assert services.evaluate_halt_rules(later) == []
        assert status_of(rollout) == "SAFE_LAUNCH"
        ends(world, rollout, 40, 70, state=51, code=32, at=later + timedelta(minutes=1))
        assert services.evaluate_halt_rules(later + timedelta(minutes=2)) == [rollout.pk]
        assert read_halt_rule(HaltRule.objects.get(), now=later + timedelta(minutes=2)).everything == Rate(
            30, 30
        )

    @pytest.mark.requirement("R5.7")
    def test_a_failure_from_before_a_resume_that_is_heard_of_after_it_counts(self, world, rollout, now):
        put_rule(world, rollout, now)
        ends(world, rollout, 0, 40, state=50, at=now)
        services.take_step(world.operator, rollout_id=rollout.pk, verb="suspend", reason="Odd.", now=now)
        later = now + timedelta(hours=1)
        decide(world, rollout, "PROCEED", later)

        ends(world, rollout, 0, 40, state=51, code=32, at=later + timedelta(minutes=5))

        assert services.evaluate_halt_rules(later + timedelta(minutes=6)) == [rollout.pk]

    def test_several_rules_that_trip_at_once_are_one_suspension(self, world, rollout, now):
        put_rule(world, rollout, now)
        put_rule(world, rollout, now, name="Anything", kind="ANY")
        ends(world, rollout, 0, 40, state=51, code=32, at=now)

        assert services.evaluate_halt_rules(now) == [rollout.pk]
        assert services.evaluate_halt_rules(now) == []

        assert Event.objects.filter(name="rollout.suspended").count() == 1
        assert HaltTrip.objects.filter(suspended=True).count() == 2

    def test_a_trip_that_somebody_was_quicker_than_is_kept_as_evidence(self, world, rollout, now):
        rule = put_rule(world, rollout, now)
        ends(world, rollout, 0, 40, state=51, code=32, at=now)
        services.take_step(world.operator, rollout_id=rollout.pk, verb="suspend", reason="I saw it.", now=now)

        assert _halt_rules._trip(rollout.pk, [rule], now=now) is None

        assert HaltTrip.objects.get().suspended is False
        assert Event.objects.filter(name="rollout.suspended").count() == 1

    def test_nothing_is_looked_at_twice_while_nothing_settles(
        self, world, rollout, now, django_assert_max_num_queries
    ):
        put_rule(world, rollout, now)
        ends(world, rollout, 0, 30, state=60, at=now)
        services.evaluate_halt_rules(now)

        with django_assert_max_num_queries(4):
            services.evaluate_halt_rules(now)

    def test_a_rule_put_aside_is_not_looked_at(self, world, rollout, now):
        rule = put_rule(world, rollout, now)
        ends(world, rollout, 0, 40, state=51, code=32, at=now)

        put_rule(world, rollout, now, rule_id=rule.pk, is_active=False)

        assert services.evaluate_halt_rules(now) == []

    def test_a_published_rollout_begins_with_the_rules_of_the_settings(self, world, now):
        rollout = published(world, now=now, kind="PLANNED")

        assert set(rollout.halt_rules.values_list("kind", flat=True)) == {
            "HAN_IMPACT",
            "ACTIVATION",
            "NO_ANSWER",
            "VERIFICATION",
            "ANY",
        }


class TestKeepingRules:
    def test_a_rule_that_makes_no_sense_is_refused(self, world, rollout, now):
        for wrong in (
            {"name": " "},
            {"kind": "WEATHER"},
            {"kind": "CODES"},
            {"failure_codes": [32]},
            {"kind": "CODES", "failure_codes": [9999]},
            {"minimum_sample": 0},
            {"lookback_hours": 0},
            {"threshold": 1.0},
            {"threshold": None},
            {"colour": "red"},
        ):
            with pytest.raises(BadInput):
                put_rule(world, rollout, now, **wrong)
        with pytest.raises(NotFound):
            put_rule(world, rollout, now, batch_id=0)
        with pytest.raises(NotFound):
            put_rule(world, rollout, now, rule_id=0)

    def test_only_an_operator_keeps_rules(self, world, rollout, now):
        for scope in (world.as_supplier, world.as_panel):
            with pytest.raises(NotPermitted):
                services.put_halt_rule(scope, rollout_id=rollout.pk, now=now, name="-")
