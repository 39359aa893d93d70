"""Forms about a rollout offer what occurs in it, and fold what few people need."""

from __future__ import annotations

from datetime import timedelta

import pytest

from portal.kernel import sql
from rollouts.states import Region
from tests.factories import make_rollout

pytestmark = pytest.mark.django_db


def regions_of(form):
    return [str(label) for value, label in form.fields["region"].choices if value]


@pytest.fixture
def spread(world, today):
    """A rollout in two regions, of which the Supplier's hubs are in one."""
    rollout = make_rollout(
        world, now=today, automatic_at=today + timedelta(days=120), status="NOTIFIED", has_pilot=True
    )
    sql.run("UPDATE rollouts_target SET region = 3 WHERE import_supplier_id = %(o)s", {"o": world.other.pk})
    return rollout


@pytest.mark.parametrize("page", ["instruct", "pilot", "incidents/new"])
def test_only_regions_of_one_s_own_hubs_are_offered(spread, seat, page):
    answer = seat("supplier").get(f"/rollouts/{spread.pk}/{page}/")

    own = set(regions_of(answer.context["rule"]))
    listed = set(regions_of(seat("supplier").get(f"/rollouts/{spread.pk}/hubs/").context["form"]))

    assert own == listed
    assert own < {str(region.label) for region in Region}


def test_dcc_is_offered_all_regions_of_the_rollout_and_no_others(spread, seat):
    for page in ("pilot/propose", "phases/new", "incidents/new"):
        answer = seat("operator").get(f"/rollouts/{spread.pk}/{page}/")

        assert set(regions_of(answer.context["rule"])) == {"Central", "South"}


def test_a_region_of_no_hub_in_the_rollout_is_refused(spread, seat):
    form = {"rule-region": ["NORTH"], "source": "rule", "act": "preview"}

    answer = seat("operator").post(f"/rollouts/{spread.pk}/pilot/propose/", {**form, "timing": "none"})

    assert answer.status_code == 422


def test_the_seed_of_a_sample_is_folded(spread, seat):
    page = seat("supplier").get(f"/rollouts/{spread.pk}/pilot/").content.decode()

    before, _, folded = page.partition(">Advanced<")
    assert 'name="rule-seed"' in folded
    assert 'name="rule-seed"' not in before
