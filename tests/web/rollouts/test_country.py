"""The map of Great Britain on the dashboards of the DCC and the CSPs, and the table beside it."""

from __future__ import annotations

import pytest

from rollouts.states import Region, TargetState
from rollouts.web.rollouts.country import country_of


def test_areas_add_their_regions_up_and_leave_out_what_was_withdrawn():
    country = country_of(
        {
            Region.NORTH: {TargetState.ACTIVATED: 30, TargetState.ELIGIBLE: 50, TargetState.WITHDRAWN: 9},
            Region.NORTH_4G: {TargetState.ACTIVATION_FAILED: 20},
            Region.SOUTH: {TargetState.ACTIVATED: 7},
            Region.UNKNOWN: {TargetState.ELIGIBLE: 4},
            Region.CENTRAL: {TargetState.WITHDRAWN: 3},
        }
    )

    assert (country.north.hubs, country.north.activated, country.north.share) == (100, 30, "30%")
    assert country.in_words == (
        "North: 30 of 100 hubs activated. Central: no hubs. South: 7 of 7 hubs activated."
    )
    assert [(line.label, line.hubs, line.activated, line.failed) for line in country.lines] == [
        ("North", 80, 30, 0),
        ("South", 7, 7, 0),
        ("4G North", 20, 0, 20),
        ("Unknown", 4, 0, 0),
    ]


@pytest.mark.parametrize(
    ("activated", "css"), [(0, "map--1"), (1, "map--2"), (25, "map--2"), (26, "map--3"), (100, "map--5")]
)
def test_an_area_is_darker_the_more_of_its_hubs_are_activated(activated, css):
    hubs = {TargetState.ACTIVATED: activated, TargetState.ELIGIBLE: 100 - activated}

    assert country_of({Region.CENTRAL: hubs}).central.css == css
    assert country_of({Region.CENTRAL: hubs}).south.css == "map--none"


@pytest.mark.django_db
@pytest.mark.parametrize(("actor", "is_shown"), [("operator", True), ("csp", True), ("supplier", False)])
def test_the_map_is_for_those_who_see_regions_whole(running, seat, actor, is_shown):
    page = seat(actor).get("/").content.decode()

    assert ('aria-label="Map of Great Britain.' in page) == is_shown
