"""The triage board: groups, known issues, and upgraded hubs against those that are not (R5.2)."""

from __future__ import annotations

from datetime import timedelta

import pytest

from portal.kernel import sql
from portal.kernel.guid import Guid
from portal.kernel.refusals import BadInput, NotFound, NotPermitted
from rollouts import services
from rollouts.models import Hub, Target
from rollouts.queries.governance.incidents import incident_page, known_issues
from rollouts.queries.governance.triage import GroupBy, comparison, triage_board
from rollouts.rules.criteria import InvalidCriteria
from rollouts.rules.rates import Rate
from rollouts.services import HubList, IncidentAccount
from tests.factories import make_rollout
from tests.integration.dispatching import settle

pytestmark = [pytest.mark.django_db, pytest.mark.hubs(40)]


@pytest.fixture
def rollout(world, now):
    """Twenty hubs upgraded a day ago, five failed, the others wait; one half of all is in the South."""
    rollout = make_rollout(world, now=now - timedelta(days=30))
    before = now - timedelta(days=1)
    Hub.objects.filter(guid__gte=world.guid(20)).update(region=3)
    Target.objects.filter(rollout_id=rollout.pk, guid__gte=world.guid(20)).update(region=3)
    settle(rollout, state=60, state_at=before, where=f"guid < {world.guid(15)}")
    settle(rollout, state=60, state_at=before, where=f"guid BETWEEN {world.guid(20)} AND {world.guid(24)}")
    settle(
        rollout,
        state=51,
        code=32,
        state_at=before,
        where=f"guid BETWEEN {world.guid(25)} AND {world.guid(29)}",
    )
    Hub.objects.filter(guid__lt=world.guid(15)).update(cpl_entry_id=world.target.pk)
    Hub.objects.filter(guid__gte=world.guid(20), guid__lt=world.guid(25)).update(cpl_entry_id=world.target.pk)
    return rollout


def lose(world, rollout, now, *numbers, scope=None, han_impact="SOME_DEVICES"):
    source = HubList.from_text("\n".join(str(Guid.from_db(world.guid(n))) for n in numbers))
    account = IncidentAccount(category=2, title="Meters lost", han_impact=han_impact)
    return services.raise_incident(
        scope or world.operator, rollout_id=rollout.pk, account=account, source=source, now=now
    )


def board(world, rollout, now, by):
    groups = triage_board(world.operator, rollout_id=rollout.pk, by=by, now=now)
    return {group.label: group for group in groups}


@pytest.mark.requirement("R5.2")
def test_a_group_shows_its_rates_with_their_samples(world, rollout, now):
    lose(world, rollout, now, 20, 21, 30)

    groups = board(world, rollout, now, GroupBy.REGION)

    south = groups["South"]
    assert (south.hubs, south.upgraded, south.failed) == (20, 5, 5)
    assert south.failures == Rate(5, 10)
    assert (south.incidents, south.hubs_in_incidents) == (1, 3)
    assert (south.incident_rate, south.han_rate, south.baseline) == (Rate(2, 5), Rate(2, 5), Rate(1, 15))
    central = groups["Central"]
    assert (central.failures, central.incidents) == (Rate(0, 15), 0)
    assert list(groups) == ["South", "Central"]


@pytest.mark.parametrize(
    ("by", "labels"),
    [
        (GroupBy.BATCH, {"Safe launch group"}),
        (GroupBy.VERSION, {"0C220000"}),
        (GroupBy.MODEL, {"Toshiba 433100AC"}),
        (GroupBy.SUPPLIER, {"Brightwater Energy", "Fernhill Gas", "Kestrel Power", "No Supplier"}),
    ],
)
def test_it_is_grouped_as_asked(world, rollout, now, by, labels):
    groups = board(world, rollout, now, by)

    assert set(groups) == labels
    if by is not GroupBy.SUPPLIER:
        assert next(iter(groups.values())).failures == Rate(5, 25)


def test_a_hub_of_two_suppliers_counts_for_both(world, rollout, now):
    settle(rollout, state=51, code=32, state_at=now, where=f"guid = {world.guid(9)}")

    groups = board(world, rollout, now, GroupBy.SUPPLIER)

    assert groups["Brightwater Energy"].failed == 6
    assert groups["Fernhill Gas"].failed == 2  # hub 9, and 29 of the five that failed


def test_the_board_of_all_open_rollouts_is_by_model(world, rollout, now):
    groups = triage_board(world.operator, now=now)

    assert [group.label for group in groups] == ["Toshiba 433100AC"]


def test_a_known_issue_takes_what_it_explains_out_of_the_rate(world, rollout, now):
    services.put_known_issue(
        world.operator,
        title="Old boot loader",
        failure_codes=[32],
        criteria={"all": [{"field": "region", "op": "=", "value": "SOUTH"}]},
        rollout_id=rollout.pk,
        now=now,
    )

    south = board(world, rollout, now, GroupBy.REGION)["South"]

    assert (south.failures, south.unexplained) == (Rate(5, 10), Rate(0, 5))


def test_an_issue_is_changed_by_versions_and_put_aside(world, rollout, now):
    issue = services.put_known_issue(world.operator, title="Boot", failure_codes=[32], now=now)
    changed = services.put_known_issue(
        world.operator, title="Boot", failure_codes=[32], is_active=False, issue_id=issue.pk, now=now
    )

    assert (changed.pk, changed.version) == (issue.pk, 2)
    assert board(world, rollout, now, GroupBy.REGION)["South"].unexplained == Rate(5, 10)
    assert [each.pk for each in known_issues(world.as_panel, rollout_id=rollout.pk)] == [issue.pk]


def test_an_issue_without_sense_is_refused(world, rollout, now):
    def put(scope=None, **terms):
        terms = {"title": "Boot", "failure_codes": [32], **terms}
        services.put_known_issue(scope or world.operator, now=now, **terms)

    for wrong in ({"title": ""}, {"failure_codes": [9999]}, {"failure_codes": []}):
        with pytest.raises(BadInput):
            put(**wrong)
    with pytest.raises(InvalidCriteria):
        put(criteria={"all": [{"field": "colour", "op": "=", "value": "RED"}]})
    for missing in ({"rollout_id": 0}, {"issue_id": 0}):
        with pytest.raises(NotFound):
            put(**missing)
    with pytest.raises(NotPermitted):
        put(world.as_supplier)
    with pytest.raises(NotFound):
        known_issues(world.as_supplier)


def test_an_incident_is_put_down_to_a_known_issue_and_back(world, rollout, now):
    raised = lose(world, rollout, now, 0)
    issue = services.put_known_issue(world.operator, title="Boot", failure_codes=[32], now=now)

    services.explain_incident(
        world.operator, incident_id=raised.incident_id, known_issue_id=issue.pk, now=now
    )
    assert incident_page(world.operator, raised.incident_id).known_issue == "Boot"

    services.explain_incident(world.operator, incident_id=raised.incident_id, known_issue_id=None, now=now)
    assert incident_page(world.operator, raised.incident_id).known_issue_id is None
    with pytest.raises(NotFound):
        services.explain_incident(world.operator, incident_id=raised.incident_id, known_issue_id=0, now=now)


class TestComparison:
    @pytest.mark.requirement("R5.2")
    def test_upgraded_hubs_are_held_against_hubs_of_the_same_model_not_yet_upgraded(
        self, world, rollout, now
    ):
        lose(world, rollout, now, *range(12))
        lose(world, rollout, now, 30, han_impact="NONE")

        compared = comparison(world.operator, rollout_id=rollout.pk, now=now)

        by_name = {measure.name: measure for measure in compared.measures}
        assert (by_name["incidents"].upgraded, by_name["incidents"].not_upgraded) == (
            Rate(12, 20),
            Rate(1, 20),
        )
        assert by_name["incidents"].is_apart
        assert (by_name["devices lost"].upgraded, by_name["devices lost"].not_upgraded) == (
            Rate(12, 20),
            Rate(0, 20),
        )
        assert compared.failures == Rate(5, 25)

    def test_a_hub_named_before_it_was_upgraded_counts_with_those_that_are_not(self, world, rollout, now):
        lose(world, rollout, now - timedelta(days=2), 0, 1)

        compared = comparison(world.operator, rollout_id=rollout.pk, now=now)

        assert compared.measures[0].upgraded == Rate(0, 20)
        assert compared.measures[0].not_upgraded == Rate(2, 20)

    def test_hubs_that_left_service_are_counted_from_their_history(self, world, rollout, now):
        for number in (0, 1, 35):
            sql.run(
                "INSERT INTO rollouts_hub_history (guid, at, kind, old_value, new_value)"
                " VALUES (%(guid)s, %(at)s, 2, 'Commissioned', 'Suspended')",
                {"guid": world.guid(number), "at": now - timedelta(hours=1)},
            )

        compared = comparison(world.operator, rollout_id=rollout.pk, now=now)

        out = {measure.name: measure for measure in compared.measures}["out of service"]
        assert (out.upgraded, out.not_upgraded) == (Rate(2, 20), Rate(1, 20))
        assert not out.is_apart

    def test_it_is_for_the_dcc_and_the_panel(self, world, rollout, now):
        for scope in (world.as_supplier, world.as_csp):
            with pytest.raises(NotPermitted):
                comparison(scope, rollout_id=rollout.pk, now=now)
            with pytest.raises(NotPermitted):
                triage_board(scope, rollout_id=rollout.pk, now=now)
