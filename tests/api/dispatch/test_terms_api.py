"""Hours, ramp and capacity over REST, from every seat (R3.12)."""

from __future__ import annotations

import pytest

from rollouts.models import CspChannel, Rollout, SupplierHours
from tests.api.systems import PREFIX, body_of

NIGHT = {"from": "23:00", "to": "05:00"}


def sent(system, method, path, body, **headers):
    return getattr(system.client, method)(
        PREFIX + path, body, content_type="application/json", headers=headers
    )


@pytest.mark.requirement("R3.12")
def test_dcc_changes_hours_and_ramp_and_reads_who_approved_them(stage):
    before = stage.dcc.get(stage.path("/pace"))

    changed = sent(
        stage.dcc,
        "patch",
        stage.path("/pace"),
        {
            "activation_hours": NIGHT,
            "ramp": {"per_hour": 500, "factor": 2},
            "approved_by": "Operations Group",
        },
    )

    assert body_of(before)["activation_hours"] is None
    assert changed.status_code == 200, changed.content
    assert body_of(changed)["activation_hours"] == NIGHT
    assert body_of(changed)["ramp"] == {"per_hour": 500, "factor": 2.0}
    (change,) = body_of(changed)["history"]
    assert change["approved_by"] == "Operations Group"
    assert change["after"]["activation_hours"] == NIGHT
    assert Rollout.objects.get(pk=stage.rollout.pk).dispatch_settings["activation_hours"] == NIGHT


def test_a_change_of_what_has_changed_meanwhile_is_refused(stage):
    etag = stage.dcc.get(stage.path("/pace")).headers["ETag"]
    body = {"lead_hours": 24, "approved_by": "Operations Group"}

    first = sent(stage.dcc, "patch", stage.path("/pace"), body, **{"If-Match": etag})
    second = sent(stage.dcc, "patch", stage.path("/pace"), {**body, "lead_hours": 12}, **{"If-Match": etag})

    assert (first.status_code, second.status_code) == (200, 412)
    assert Rollout.objects.get(pk=stage.rollout.pk).dispatch_settings["lead_hours"] == 24


def test_capacity_is_tried_before_it_is_changed(stage):
    stored = CspChannel.objects.get(region=2).capacity_per_night

    tried = stage.dcc.post("/channels/2/forecast", {"capacity_per_night": 7})
    unchanged = CspChannel.objects.get(region=2).capacity_per_night
    changed = sent(
        stage.dcc, "patch", "/channels/2", {"capacity_per_night": 7, "approved_by": "CSP Central, 3 March"}
    )

    assert body_of(tried)["hubs_a_day"] == 7, tried.content
    assert unchanged == stored
    assert body_of(changed)["capacity_per_night"] == 7
    assert body_of(changed)["history"][0]["approved_by"] == "CSP Central, 3 March"
    assert CspChannel.objects.get(region=2).capacity_per_night == 7


@pytest.mark.parametrize(
    ("path", "body", "code"),
    [
        ("pace", {"lead_hours": 24}, "invalid_input"),
        ("pace", {"activation_hours": {"from": "22:00", "to": "22:30"}, "approved_by": "x"}, "bad_input"),
        ("pace", {"activation_hours": {"from": "22", "to": "06:00"}, "approved_by": "x"}, "invalid_input"),
        ("pace", {"ramp": {"per_hour": 0}, "approved_by": "x"}, "invalid_input"),
        ("channels", {"capacity_per_night": 0, "approved_by": "x"}, "invalid_input"),
        ("channels", {"capacity_per_night": 5, "approved_by": " "}, "invalid_input"),
    ],
)
def test_what_makes_no_sense_or_nobody_approved_is_refused(stage, path, body, code):
    answer = sent(stage.dcc, "patch", stage.path("/pace") if path == "pace" else "/channels/2", body)

    assert body_of(answer)["code"] == code, answer.content


def test_a_region_nobody_serves_has_no_terms(stage):
    assert stage.dcc.get("/channels/99").status_code == 404
    assert stage.dcc.post("/channels/99/forecast", {}).status_code == 404


@pytest.mark.requirement("R3.12")
def test_a_supplier_keeps_hours_that_only_it_reads(stage):
    put = sent(stage.supplier, "put", "/activation-hours", {"activation_hours": NIGHT})
    second = stage.other.get("/activation-hours")
    by_dcc = stage.dcc.get("/activation-hours")
    checked = stage.supplier.post(
        stage.path("/instructions?dry_run=true"), {"kind": "INSTRUCT", "guids": [stage.guid(0)]}
    )
    gone = sent(stage.supplier, "put", "/activation-hours", {"activation_hours": None})

    assert body_of(put)["activation_hours"] == NIGHT, put.content
    assert body_of(second) == {"activation_hours": None, "history": []}
    assert by_dcc.status_code == 403
    assert body_of(checked)["in_activation_hours"] == 1, checked.content
    assert body_of(checked)["activation_hours"]["own_hours"] == "23:00 to 05:00"
    assert body_of(gone)["activation_hours"] is None
    assert not SupplierHours.objects.exists()


def test_others_than_dcc_neither_read_nor_change_terms(stage, panel):
    for system in (stage.supplier, stage.other, panel):
        assert system.get(stage.path("/pace")).status_code == 403
        assert sent(system, "patch", stage.path("/pace"), {"approved_by": "x"}).status_code == 403
        assert system.get("/channels/2").status_code == 403
        assert sent(system, "patch", "/channels/2", {"approved_by": "x"}).status_code == 403
