"""The DCC and the CSPs over REST: draft, publish, batches, pilots, halts, channels, volumes; incidents."""

from __future__ import annotations

from datetime import timedelta

import pytest
from dateutil.relativedelta import relativedelta

from rollouts.models import Rollout
from tests.api.conftest import stage_of
from tests.api.systems import System, body_of
from tests.factories import make_world


def draft(stage, now, **changes):
    return {
        "name": "Toshiba 0C230000 again",
        "cpl_entry_id": stage.world.target.pk,
        "kind": "SEC_RELEASE",
        "severity": "MAJOR",
        "priority": "P2",
        "automatic_at": (now + timedelta(days=150)).isoformat(),
        "release_note_url": "https://notes.example/1",
        **changes,
    }


def test_an_update_is_drafted_changed_and_published(db, now):
    world = make_world()
    dcc, supplier = System(world.dcc), System(world.supplier)
    stage = type("Stage", (), {"world": world})

    made = dcc.post("/rollouts", draft(stage, now))
    path = made["Location"].removeprefix("/api/v1")
    read = dcc.get(path)
    changed = dcc.patch(path, {"name": "Renamed"}, If_Match=read["ETag"])
    stale = dcc.patch(path, {"name": "Renamed again"}, If_Match=read["ETag"])
    preview = body_of(dcc.get(f"{path}/preview"))
    hidden = supplier.get(path)
    published = dcc.post(f"{path}/steps/notify")

    assert (made.status_code, changed.status_code, stale.status_code) == (201, 200, 412)
    assert body_of(changed)["name"] == "Renamed"
    assert (preview["hubs"], preview["problems"]) == (20, [])
    assert hidden.status_code == 404
    assert body_of(published)["published"] == {"hubs": 20, "suppliers": 3, "has_supplier_window": True}
    assert supplier.get(path).status_code == 200


@pytest.mark.requirement("R6.2")
def test_a_draft_is_discarded_and_what_is_published_is_not(db, now):
    world = make_world()
    dcc, supplier = System(world.dcc), System(world.supplier)
    stage = type("Stage", (), {"world": world})
    path, notified = (
        dcc.post("/rollouts", draft(stage, now))["Location"].removeprefix("/api/v1") for _ in range(2)
    )
    dcc.post(f"{notified}/steps/notify", {})

    hidden, discarded, again, published = (
        supplier.delete(path),
        dcc.delete(path),
        dcc.delete(path),
        dcc.delete(notified),
    )

    assert hidden.status_code in {403, 404}
    assert discarded.status_code == 204
    assert again.status_code == 404
    assert published.status_code == 409
    assert body_of(published)["type"].endswith("step-refused")


def test_a_draft_that_cannot_be_is_refused_with_its_reason(stage, now):
    far = (now + relativedelta(months=7)).isoformat()

    answer = stage.dcc.post("/rollouts", draft(stage, now, automatic_at=far))

    assert (answer.status_code, body_of(answer)["code"]) == (409, "AUTOMATIC_TOO_LATE")


@pytest.mark.requirement("R5.4")
def test_a_halt_says_what_it_held_back(stage):
    ahead = body_of(stage.dcc.get(stage.path("/halt-preview")))

    done = body_of(stage.dcc.post(stage.path("/steps/suspend"), {"reason": "HAN devices restart."}))
    again = stage.supplier.post(stage.path("/instructions"), {"kind": "INSTRUCT", "which": "all"})

    assert ahead["not_begun"] == 20
    assert (done["status"], done["halted"]["hubs_to_cancel"]) == ("SUSPENDED", 0)
    assert body_of(again)["code"] == "ROLLOUT_PAUSED"


@pytest.mark.requirement("R3.7", "R6.2")
def test_batches_are_formed_and_listed(stage, now):
    answer = stage.dcc.post(
        stage.path("/batches"),
        {
            "name": "First",
            "automatic_at": (now + timedelta(days=60)).isoformat(),
            "guids": [stage.guid(n) for n in range(4)],
            "is_gated": True,
        },
    )
    batch = body_of(answer)["id"]
    opened = stage.dcc.post(stage.path(f"/batches/{batch}/open"), {"reason": "All is well."})

    assert (answer.status_code, body_of(answer)["hubs"]) == (201, 4)
    assert body_of(opened)["gate_open"] is True
    assert [each["name"] for each in body_of(stage.supplier.get(stage.path("/batches")))["items"]] == [
        "Safe launch group",
        "First",
    ]


@pytest.mark.requirement("R2.3", "R2.5", "R6.2")
def test_a_pilot_runs_from_nomination_to_safe_launch(db, now):
    stage = stage_of(make_world(), now=now, status="NOTIFIED", has_pilot=True, gate_open=False)
    guids = [stage.guid(n) for n in (0, 1, 17)]

    nominated = body_of(stage.supplier.post(stage.path("/pilot/submissions"), {"guids": guids}))
    withdrawn = body_of(stage.supplier.post(stage.path("/pilot/submissions"), {"guids": guids[:1]}))
    gone = stage.supplier.delete(stage.path(f"/pilot/submissions/{withdrawn['id']}"))
    confirmed = stage.dcc.post(
        stage.path("/pilot/confirmations"), {"submission_ids": [nominated["id"]], "comment": "Thanks"}
    )
    started = stage.dcc.post(stage.path("/steps/start_pilot"))
    content = stage.dcc.post(stage.path("/pilot/commentary"), {"commentary": "It goes well."})
    pilot = body_of(stage.supplier.get(stage.path("/pilot")))
    hubs = body_of(stage.supplier.get(stage.path("/pilot/hubs")))
    ended = stage.dcc.post(stage.path("/steps/end_pilot"), {"reason": "It went well."})
    accepted = stage.dcc.post(stage.path("/steps/accept_pilot"))

    assert (nominated["hubs"], [line["reason"] for line in nominated["rejected"]]) == (2, ["UNKNOWN_DEVICE"])
    assert (gone.status_code, content.status_code) == (204, 204)
    assert body_of(confirmed) == {"joined": 2, "dropped": 0, "in_pilot": 2, "cap": 300}
    assert (body_of(started)["status"], pilot["hubs"], len(hubs["items"])) == ("PILOT", 2, 2)
    assert body_of(ended)["status"] == "PILOT_REVIEW"
    assert body_of(accepted)["status"] == "SAFE_LAUNCH"
    assert {
        each["status"] for each in body_of(stage.supplier.get(stage.path("/pilot/submissions")))["items"]
    } == {
        "CONFIRMED",
        "WITHDRAWN",
    }


@pytest.mark.requirement("R2.3", "R6.2")
def test_a_rollout_goes_on_without_a_pilot_and_who_reads_it_learns_since_when(db, now):
    stage = stage_of(make_world(), now=now, status="NOTIFIED", has_pilot=True, gate_open=False)

    silent = stage.dcc.post(stage.path("/steps/skip_pilot"))
    foreign = stage.supplier.post(stage.path("/steps/skip_pilot"), {"reason": "Nobody nominates."})
    taken = stage.dcc.post(stage.path("/steps/skip_pilot"), {"reason": "Nobody nominates."})
    rollout = body_of(stage.supplier.get(stage.path()))

    assert (silent.status_code, foreign.status_code) == (422, 403)
    assert body_of(taken)["status"] == "SAFE_LAUNCH"
    assert (rollout["has_pilot"], rollout["pilot_skipped_at"] is None) == (False, False)


@pytest.mark.requirement("R6.2")
def test_a_nomination_is_declined_with_its_reason(db, now):
    stage = stage_of(make_world(), now=now, status="NOTIFIED", has_pilot=True, gate_open=False)
    body = f"{stage.guid(0)}\n".encode()
    each = body_of(stage.supplier.post(stage.path("/pilot/submissions"), body, kind="text/csv"))

    declined = stage.dcc.post(
        stage.path(f"/pilot/submissions/{each['id']}/decline"), {"comment": "A hospital."}
    )

    assert declined.status_code == 204
    (document,) = body_of(stage.supplier.get(stage.path("/pilot/submissions")))["items"]
    assert (document["status"], document["comment"]) == ("DECLINED", "A hospital.")


@pytest.mark.requirement("R2.2", "R6.2")
def test_a_choice_is_tried_out_before_it_is_saved(stage):
    tree = {"all": [{"field": "region", "op": "in", "value": ["CENTRAL"]}]}

    document = body_of(
        stage.supplier.post(
            stage.path("/selection-preview"), {"tree": tree, "sample": {"size": 5, "seed": 1}}
        )
    )

    assert (document["eligible"], document["chosen"], len(document["first_guids"])) == (16, 5, 5)


@pytest.mark.requirement("R3.10", "R6.2")
def test_an_approval_rule_is_tried_out_saved_and_switched(stage):
    documents = {
        "release_tree": {"all": []},
        "hub_tree": {"all": []},
        "time_policy": {"after": "notice", "days": 10},
    }

    tried = body_of(stage.supplier.post("/approval-rules/dry-run", documents))["items"]
    tested = body_of(stage.supplier.post("/approval-rules/back-test", documents))["items"]
    saved = body_of(stage.supplier.post("/approval-rules", {"name": "All", **documents}))
    path = f"/approval-rules/{saved['id']}"
    ahead = body_of(stage.supplier.post(f"{path}/enabled", {"version": 1}))["items"]
    on = body_of(stage.supplier.get(path))
    off = stage.supplier.delete(f"{path}/enabled")
    archived = stage.supplier.delete(path)

    assert [each["outcome"] for each in tried] == ["APPROVED"]
    assert (
        [each["rollout_id"] for each in tested]
        == [each["rollout_id"] for each in ahead]
        == [stage.rollout.pk]
    )
    assert (on["is_on"], on["enabled_version"]) == (True, 1)
    assert (off.status_code, archived.status_code) == (204, 204)
    assert body_of(stage.supplier.get("/approval-rules"))["items"] == []
    assert len(body_of(stage.supplier.get(f"{path}/versions"))["items"]) == 1


def test_channels_and_volumes_are_read_by_those_they_concern(stage):
    assert len(body_of(stage.dcc.get("/channels"))["items"]) == 6
    assert len(body_of(stage.csp.get("/csp/channels"))["items"]) == 6
    assert body_of(stage.dcc.get("/channels/forward-schedule"))["items"][0]["to_activate"] == 20
    assert body_of(stage.csp.get("/csp/forward-schedule"))["items"][0]["to_send"] == 20
    assert body_of(stage.dcc.get("/channels/forecasts"))["items"]
    assert body_of(stage.csp.get("/csp/forecasts"))["items"]
    assert body_of(stage.dcc.get("/unmatched-alerts"))["items"] == []


@pytest.mark.requirement("R1.4", "R6.2")
def test_a_release_note_is_revised(stage):
    made = stage.dcc.post(
        stage.path("/release-notes"), {"url": "https://notes.example/2", "summary": "More."}
    )

    assert (made.status_code, body_of(made)["revision"]) == (201, 2)
    assert [
        note["revision"] for note in body_of(stage.supplier.get(stage.path("/release-notes")))["items"]
    ] == [2, 1]


@pytest.mark.requirement("R5.1", "R6.2")
def test_an_incident_is_raised_followed_and_closed(stage):
    raised = stage.supplier.post(
        stage.path("/incidents"),
        {"category": 2, "title": "IHDs restart", "han_impact": "SOME_DEVICES", "guids": [stage.guid(0), "x"]},
    )
    path = raised["Location"].removeprefix("/api/v1")
    moved = stage.dcc.post(f"{path}/steps/acknowledge", {"comment": "Seen."})
    content = stage.supplier.post(f"{path}/comments", {"text": "More of them."})
    attached = stage.supplier.post(f"{path}/files", {"file_name": "ihd.log", "content": "bG9nIGxpbmUK"})
    file_id = body_of(attached)["attachments"][0]["id"]
    taken = stage.supplier.get(f"{path}/files/{file_id}")
    hubs = body_of(stage.supplier.get(f"{path}/hubs"))["items"]

    assert (raised.status_code, body_of(raised)["hubs"]) == (201, 1)
    assert [line["reason"] for line in body_of(raised)["rejected"]] == ["MALFORMED_ID"]
    assert body_of(moved)["status"] == "ACKNOWLEDGED"
    assert [remark["text"] for remark in body_of(content)["comments"]][-1] == "More of them."
    assert (taken.status_code, taken.content) == (200, b"log line\n")
    assert [hub["guid"] for hub in hubs] == [stage.guid(0)]
    assert len(body_of(stage.supplier.get("/incidents"))["items"]) == 1
    assert stage.third.get(path).status_code == 404


def test_decisions_and_notices_are_read(stage):
    stage.dcc.post(stage.path("/steps/suspend"), {"reason": "HAN devices restart."})

    assert [each["status"] for each in body_of(stage.dcc.get("/decisions"))["items"]] == ["REVIEW"]
    assert body_of(stage.supplier.get("/decisions"))["items"] == []
    assert stage.supplier.get("/notifications").status_code == 200
    assert stage.supplier.post("/notifications/seen", {"up_to": "0" * 13}).status_code == 403


def test_revoking_ends_an_update(stage):
    done = body_of(stage.dcc.post(stage.path("/steps/revoke"), {"reason": "A mistake in the image."}))

    assert done["status"] == "REVOKED"
    assert Rollout.objects.get(pk=stage.rollout.pk).status == "REVOKED"


@pytest.mark.parametrize("value", [0, 1, "true", "no", ""])
def test_a_body_says_true_or_false_and_nothing_like_it(stage, value):
    raised = stage.supplier.post(
        stage.path("/incidents"), {"category": 2, "title": "x", "guids": [stage.guid(0)]}
    )
    path = raised["Location"].removeprefix("/api/v1")

    answer = stage.supplier.post(f"{path}/comments", {"text": "More.", "is_internal": value})

    assert (answer.status_code, body_of(answer)["code"]) == (422, "invalid_input")


@pytest.mark.parametrize("value", ["2", 2.0, True])
def test_a_body_gives_a_number_as_a_number(stage, value):
    answer = stage.supplier.post(
        stage.path("/incidents"), {"category": value, "title": "x", "guids": [stage.guid(0)]}
    )

    assert (answer.status_code, body_of(answer)["code"]) == (422, "invalid_input")


def test_a_step_is_taken_only_from_what_was_read(stage, now):
    tag = stage.dcc.get(stage.path(""))["ETag"]
    path, body = stage.path("/steps/suspend"), {"reason": "HAN devices restart."}

    stale = stage.dcc.post(path, body, if_match='W/"old"')
    taken = stage.dcc.post(path, body, if_match=tag)

    assert (stale.status_code, body_of(stale)["code"]) == (412, "precondition_failed")
    assert taken.status_code == 200
