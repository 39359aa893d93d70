"""Halt rules: what trips them and what does not (R5.7)."""

from __future__ import annotations

from datetime import timedelta

import pytest

from portal.events.kinds import EntryKind
from portal.events.models import FeedOutbox
from portal.kernel import sql
from rollouts import services
from rollouts.models import Failure, HaltRule, HaltTrip, Hub, Incident, IncidentHub, KnownIssue, Rollout
from rollouts.reads.governance.halt_lookback import read_halt_rule
from rollouts.reads.governance.settings import Governance
from rollouts.rules.pacing import DispatchSettings
from rollouts.rules.rates import Rate
from rollouts.services.governance import evaluate_halt_rules as _halt_rules
from rollouts.states import FailureCode
from tests.factories import make_rollout
from tests.integration.deciding import open_decision
from tests.integration.halt_rules import ends, put_rule

pytestmark = [pytest.mark.django_db, pytest.mark.hubs(100), pytest.mark.usefixtures("fresh_cache")]


@pytest.fixture
def rollout(world, now):
    return make_rollout(world, now=now - timedelta(days=30))


class TestWhatTrips:
    @pytest.mark.requirement("R5.7")
    def test_the_lower_bound_above_the_threshold_suspends_and_says_why(self, world, rollout, now):
        put_rule(world, rollout, now)
        ends(world, rollout, 0, 30, state=60, at=now)
        ends(world, rollout, 30, 45, state=51, code=32, at=now)

        assert services.evaluate_halt_rules(now) == [rollout.pk]

        rollout.refresh_from_db()
        assert rollout.status == "SUSPENDED"
        assert rollout.status_reason.endswith("more hubs are concerned than its limit of 10.0%.")
        trip = HaltTrip.objects.get(rollout=rollout)
        assert trip.evidence["rate"] == Rate(15, 45).document()
        assert trip.evidence["codes"] == {"ACTIVATION_FAILURE": 15}
        entries = FeedOutbox.objects.filter(kind=EntryKind.ROLLOUT_SUSPENDED)
        assert {world.supplier.pk, world.other.pk, world.csp.pk, world.panel.pk} <= set(
            entries.values_list("party_id", flat=True)
        )
        by_party = dict(entries.values_list("party_id", "data"))
        for board in (world.dcc, world.panel):
            assert by_party[board.pk]["halt_rules"][0]["rate"]["hits"] == 15
            assert "15 of 45 hubs" in by_party[board.pk]["figures"]
        for party in (world.supplier, world.other, world.csp):
            assert not {"halt_rules", "figures"} & by_party[party.pk].keys()
            assert "15" not in by_party[party.pk]["reason"]
        assert open_decision(rollout).because == rollout.status_reason

    @pytest.mark.requirement("R5.7")
    def test_a_small_sample_trips_nothing_however_bad_it_is(self, world, rollout, now):
        put_rule(world, rollout, now, minimum_sample=20)
        ends(world, rollout, 0, 19, state=51, code=32, at=now)

        assert services.evaluate_halt_rules(now) == []

    @pytest.mark.requirement("R5.7")
    def test_a_share_above_the_limit_trips_nothing_while_it_may_be_chance(self, world, rollout, now):
        put_rule(world, rollout, now, threshold=0.1)
        ends(world, rollout, 0, 25, state=60, at=now)
        ends(world, rollout, 25, 29, state=51, code=32, at=now)

        assert services.evaluate_halt_rules(now) == []
        assert Rate(4, 29).share > 0.1 > Rate(4, 29).lower

    def test_what_lies_before_the_window_does_not_count(self, world, rollout, now):
        put_rule(world, rollout, now, lookback_hours=24)
        ends(world, rollout, 0, 40, state=51, code=32, at=now - timedelta(hours=25))
        ends(world, rollout, 40, 70, state=60, at=now)

        assert services.evaluate_halt_rules(now) == []

    @pytest.mark.requirement("R5.7")
    def test_news_that_is_late_counts_when_it_comes(self, world, rollout, now):
        put_rule(world, rollout, now, lookback_hours=1)
        due = now - timedelta(days=3)
        ends(world, rollout, 0, 30, state=50, at=due)
        assert services.evaluate_halt_rules(now - timedelta(minutes=1)) == []

        ends(world, rollout, 0, 30, state=51, code=32, at=now)

        assert services.evaluate_halt_rules(now) == [rollout.pk]

    def test_the_rules_a_rollout_begins_with_look_back_further_than_silence_lasts(self):
        silent_for = DispatchSettings().silent_for

        assert silent_for == timedelta(days=4)
        assert all(timedelta(hours=rule.lookback_hours) > silent_for for rule in Governance().rules)

    @pytest.mark.parametrize(
        ("kind", "codes", "state", "code"),
        [
            ("ANY", [], 31, 11),
            ("ANY", [], 52, 40),
            ("DISTRIBUTION", [], 31, 11),
            ("VERIFICATION", [], 41, 20),
            ("ACTIVATION", [], 51, 32),
            ("NO_ANSWER", [], 52, 40),
            ("CODES", [31, 33], 51, 31),
        ],
    )
    def test_each_kind_counts_its_own_ends(self, world, rollout, now, kind, codes, state, code):
        put_rule(world, rollout, now, kind=kind, failure_codes=codes)
        ends(world, rollout, 0, 30, state=state, code=code, at=now)

        assert services.evaluate_halt_rules(now) == [rollout.pk]

    @pytest.mark.parametrize("kind", ["DISTRIBUTION", "VERIFICATION", "ACTIVATION", "NO_ANSWER"])
    def test_and_not_those_of_another_stage(self, world, rollout, now, kind):
        put_rule(world, rollout, now, kind=kind)
        others = {"DISTRIBUTION": 51, "VERIFICATION": 31, "ACTIVATION": 52, "NO_ANSWER": 51}
        ends(world, rollout, 0, 30, state=others[kind], code=32, at=now)

        assert services.evaluate_halt_rules(now) == []

    def test_a_rule_of_a_batch_looks_at_its_batch_alone(self, world, rollout, now):
        formed = services.create_batch(
            world.operator,
            rollout_id=rollout.pk,
            name="First",
            automatic_at=now + timedelta(days=60),
            source=services.HubList.from_stored([world.guid(n) for n in range(15)]),
            now=now,
        )
        put_rule(world, rollout, now, batch_id=formed.batch_id, minimum_sample=5)
        ends(world, rollout, 50, 90, state=51, code=32, at=now)
        assert services.evaluate_halt_rules(now) == []

        ends(world, rollout, 0, 12, state=51, code=32, at=now)
        assert services.evaluate_halt_rules(now) == [rollout.pk]

    def test_hubs_named_in_incidents_with_devices_lost_count_among_those_activated(self, world, rollout, now):
        put_rule(world, rollout, now, kind="HAN_IMPACT", threshold=0.05)
        ends(world, rollout, 0, 50, state=60, at=now)
        incident = make_incident(rollout, world.supplier.pk, now, han_impact="ALL_DEVICES")
        IncidentHub.objects.bulk_create(IncidentHub(incident=incident, guid=world.guid(n)) for n in range(60))
        minor = make_incident(rollout, world.supplier.pk, now, han_impact="NONE")
        IncidentHub.objects.create(incident=minor, guid=world.guid(0))

        rule = HaltRule.objects.get(rollout=rollout)
        assert read_halt_rule(rule, now=now).everything == Rate(50, 50)
        assert services.evaluate_halt_rules(now) == [rollout.pk]

    def test_an_incident_that_was_withdrawn_counts_for_nothing(self, world, rollout, now):
        put_rule(world, rollout, now, kind="INCIDENT", threshold=0.05)
        ends(world, rollout, 0, 50, state=60, at=now)
        incident = make_incident(rollout, world.supplier.pk, now, status="WITHDRAWN")
        IncidentHub.objects.bulk_create(IncidentHub(incident=incident, guid=world.guid(n)) for n in range(50))

        assert services.evaluate_halt_rules(now) == []


class TestKnownIssues:
    def issue(self, now, **terms):
        return KnownIssue.objects.create(
            title="Old boot loader", created_at=now, changed_at=now, **{"failure_codes": [32], **terms}
        )

    def test_failures_that_are_understood_do_not_count_and_are_shown_all_the_same(self, world, rollout, now):
        rule = put_rule(world, rollout, now)
        ends(world, rollout, 0, 30, state=60, at=now)
        ends(world, rollout, 30, 50, state=51, code=32, at=now)
        self.issue(now)

        assert services.evaluate_halt_rules(now) == []
        sight = read_halt_rule(rule, now=now)
        assert (sight.everything, sight.unexplained) == (Rate(20, 50), Rate(0, 30))

    def test_a_rule_may_count_them(self, world, rollout, now):
        put_rule(world, rollout, now, counts_known=True)
        ends(world, rollout, 0, 30, state=60, at=now)
        ends(world, rollout, 30, 50, state=51, code=32, at=now)
        self.issue(now)

        assert services.evaluate_halt_rules(now) == [rollout.pk]

    def test_an_issue_explains_only_the_hubs_it_describes(self, world, rollout, now):
        rule = put_rule(world, rollout, now)
        Hub.objects.filter(guid__lt=world.guid(35)).update(region=3)
        ends(world, rollout, 30, 50, state=51, code=32, at=now)
        self.issue(now, criteria={"all": [{"field": "region", "op": "=", "value": "SOUTH"}]})

        assert read_halt_rule(rule, now=now).unexplained == Rate(15, 15)

    def test_an_issue_of_another_rollout_or_one_put_aside_explains_nothing(self, world, rollout, now):
        rule = put_rule(world, rollout, now)
        ends(world, rollout, 30, 50, state=51, code=32, at=now)
        self.issue(now, is_active=False)
        other = Rollout.objects.create(
            name="Another",
            cpl_entry=world.target,
            kind="PLANNED",
            severity="MINOR",
            priority="P4",
            automatic_at=now + timedelta(days=90),
            cutoff_at=now + timedelta(days=59),
            created_at=now,
        )
        self.issue(now, rollout=other)

        assert read_halt_rule(rule, now=now).unexplained == Rate(20, 20)


class TestWhatHasSettled:
    def test_every_end_is_counted_once_when_it_came(self, world, rollout, now):
        ends(world, rollout, 0, 30, state=52, code=40, at=now)
        ends(world, rollout, 0, 10, state=60, at=now + timedelta(hours=1))
        ends(world, rollout, 10, 20, state=51, code=32, at=now + timedelta(hours=2))
        ends(world, rollout, 20, 25, state=40, at=now + timedelta(hours=3))

        counted = sql.rows(
            "SELECT state, code, at, sum(n)::int AS n FROM rollouts_settled WHERE rollout_id = %(id)s"
            " GROUP BY 1, 2, 3 HAVING sum(n) <> 0 ORDER BY 1",
            {"id": rollout.pk},
        )
        assert [(row.state, row.code, row.at, row.n) for row in counted] == [
            (51, 32, now + timedelta(hours=2), 10),
            (52, 40, now, 5),
            (60, 0, now + timedelta(hours=1), 10),
        ]
        failed = Failure.objects.filter(rollout_id=rollout.pk)
        assert failed.filter(code=FailureCode.ACTIVATION_FAILURE).count() == 10
        assert failed.filter(code=FailureCode.NO_RESPONSE).count() == 5

    def test_folding_keeps_the_sums(self, world, rollout, now):
        rule = put_rule(world, rollout, now, lookback_hours=24 * 30)
        for number in range(40):
            at = now - timedelta(days=2, seconds=number)
            ends(world, rollout, number, number + 1, state=51 if number % 2 else 60, code=32, at=at)
        before = read_halt_rule(rule, now=now)

        _halt_rules._fold(rollout.pk, before=now - timedelta(days=1))

        assert read_halt_rule(rule, now=now).everything == before.everything == Rate(20, 40)
        assert sql.rows("SELECT count(*) AS n FROM rollouts_settled")[0].n <= 4
        assert services.fold_settled(now) == 0


def make_incident(rollout, party, now, **terms):
    return Incident.objects.create(
        reference=f"INC-{Incident.objects.count()}",
        rollout=rollout,
        organisation_id=party,
        category=2,
        title="Devices lost",
        raised_at=now,
        respond_by=now,
        resolve_by=now,
        status_at=now,
        **terms,
    )
