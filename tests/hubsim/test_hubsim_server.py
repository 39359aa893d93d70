"""The CSP interface over real HTTP, with a little portal that takes the alerts."""

from __future__ import annotations

import csv
import io
import time
from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from hubsim.profile import Delay, GatewayFaults, MessageFaults, Profile, RegionFaults, preset
from tests.hubsim.two_sides import until

pytestmark = pytest.mark.live


@pytest.mark.requirement("R6.5")
def test_hubs_are_upgraded_and_the_portal_hears_of_each(start, toshiba, image):
    side = start("instant")

    answer = side.send("distribute", toshiba[:2000], command_id=1, image=image)
    side.quiet()
    activated = side.send("activate", toshiba[:2000], command_id=2, image=image)
    side.quiet()

    assert answer.status_code == activated.status_code == 202
    assert answer.json() == {"command_id": 1, "accepted": 2000}
    assert side.portal.codes() == {"0x8F72": 2000, "CS06_RESPONSE": 2000}
    assert side.truth()["activated"] == 2000
    assert len({alert["alert_id"] for alert in side.portal.alerts}) == 4000
    assert {kind for _, kind, _ in side.portal.posts} == {"application/x-ndjson"}


@pytest.mark.requirement("R6.5")
def test_alerts_come_under_the_token_of_the_csp_that_serves_the_hub(start, estate, toshiba):
    from hubsim.guids import text_of

    side = start("instant")
    side.send("read", [text_of(int(value)) for value in estate.guid[:3000]], command_id="r")
    side.quiet()

    count_by_token: dict[str, int] = {}
    for token, _, alerts in side.portal.posts:
        count_by_token[token] = count_by_token.get(token, 0) + len(alerts)
    north = int((estate.region[:3000] == 1).sum())
    fourg = int(((estate.region[:3000] >= 4) & (estate.region[:3000] <= 6)).sum())
    assert count_by_token == {
        "Bearer n-token": north,
        "Bearer f-token": fourg,
        "Bearer c-token": 3000 - north - fourg,
    }


@pytest.mark.requirement("R6.5")
def test_the_same_command_again_is_accepted_and_has_no_second_effect(start, toshiba, image):
    side = start("instant")

    answers = [side.send("distribute", toshiba[:100], command_id="same", image=image) for _ in range(3)]
    side.quiet()

    assert [answer.status_code for answer in answers] == [202] * 3
    assert [answer.json()["accepted"] for answer in answers] == [100] * 3
    assert len(side.portal.alerts) == 100
    assert side.http.get("/stats").json()["taken"]["repeated_commands"] == 2


@pytest.mark.requirement("R6.5")
def test_a_lost_answer_does_not_undo_the_command(start, toshiba, image):
    side = start(Profile("x", gateway=GatewayFaults(failed_answers=1)))

    answer = side.send("distribute", toshiba[:100], command_id="lost", image=image)
    side.quiet()

    assert answer.status_code == 500
    assert len(side.portal.alerts) == 100


def test_a_forgotten_command_is_answered_as_if_it_were_obeyed_and_a_cancel_is_not_forgotten(
    start, toshiba, image
):
    side = start(Profile("x", gateway=GatewayFaults(forgotten=1)))

    forgotten = side.send("distribute", toshiba[:100], command_id="forgotten", image=image)
    cancelled = side.send("cancel", toshiba[:50], command_id="cancelled")
    side.quiet()

    assert (forgotten.status_code, forgotten.json()["accepted"]) == (202, 100)
    assert cancelled.status_code == 202
    assert {alert["command_id"] for alert in side.portal.alerts} == {"cancelled"}


def test_the_duplicates_profile_really_duplicates(start, toshiba, image):
    side = start(Profile("x", messages=MessageFaults(duplicates=0.5)))

    side.send("distribute", toshiba[:1000], command_id="d", image=image)
    side.quiet()

    ids = [alert["alert_id"] for alert in side.portal.alerts]
    assert len(set(ids)) == 1000
    assert 1400 < len(ids) < 1600
    assert len({tuple(sorted(alert.items())) for alert in side.portal.alerts}) == 1000


def test_reordering_sends_later_events_first(start, toshiba, image):
    profile = Profile(
        "x",
        everywhere=RegionFaults(distribute_seconds=Delay(0, 600, 3600)),
        messages=MessageFaults(jitter_seconds=7200, shuffled=1),
    )
    side = start(profile, rate=7200)

    side.send("distribute", toshiba[:1000], command_id="d", image=image)
    side.quiet()

    times = [alert["occurred_at"] for alert in side.portal.alerts]
    assert len(times) == 1000
    assert times != sorted(times)


@pytest.mark.requirement("R6.5")
def test_an_outage_refuses_commands_and_says_when_to_come_back(start, toshiba, image):
    side = start(Profile("x", gateway=GatewayFaults(outage_lasts_seconds=30)))

    answer = side.send("distribute", toshiba[:10], command_id="o", image=image)

    assert answer.status_code == 503
    assert int(answer.headers["Retry-After"]) == 30
    assert answer.headers["Content-Type"] == "application/problem+json"
    side.http.put("/profile", json={"name": "instant"})
    assert side.send("distribute", toshiba[:10], command_id="o", image=image).status_code == 202


@pytest.mark.requirement("R6.5")
def test_too_many_hubs_a_second_are_refused_for_a_while(start, toshiba, image):
    side = start(Profile("x", gateway=GatewayFaults(hubs_per_second=100)))

    first = side.send("distribute", toshiba[:1000], command_id="t1", image=image)
    second = side.send("distribute", toshiba[:10], command_id="t2", image=image)

    assert (first.status_code, second.status_code) == (202, 429)
    assert 3 <= int(second.headers["Retry-After"]) <= 9


@pytest.mark.requirement("R6.5")
def test_a_portal_that_is_busy_is_tried_again_until_it_takes_the_alerts(start, toshiba, image):
    side = start("instant")
    side.portal.answers += [
        (503, {b"retry-after": b"0"}),
        (429, {b"retry-after": b"1"}),
        (500, {}),
        (401, {}),
    ]

    side.send("distribute", toshiba[:100], command_id="b", image=image)
    side.quiet()

    posted = side.http.get("/stats").json()["posted"]
    assert len(side.portal.alerts) == posted["alerts"] == 100
    assert posted["failed_posts"] == 4
    assert "401" in posted["last_error"] or "500" in posted["last_error"]


@pytest.mark.requirement("R6.5")
def test_future_dated_activations_happen_on_their_day_or_are_cancelled_before(start, toshiba, image):
    steady = replace(preset("instant"), everywhere=RegionFaults(answer_seconds=Delay(60, 60, 60)))
    side = start(steady, rate=0)
    business = datetime.fromisoformat(side.http.get("/clock").json()["business_at"])
    day = (business + timedelta(days=3)).isoformat()

    def go_on_to(moment):
        side.http.post("/clock", json={"business_at": moment.isoformat()})

    side.send("distribute", toshiba[:200], command_id="d", image=image)
    side.quiet()
    side.send("activate", toshiba[:200], command_id="a", image=image, execute_at=day)
    go_on_to(business + timedelta(days=1))
    until(lambda: side.portal.codes()["CS06_ACCEPTED"] == 200)
    side.send("cancel", toshiba[:50], command_id="c", image=image)
    go_on_to(business + timedelta(days=4))
    side.quiet()
    side.send("cancel", toshiba[100:150], command_id="late", image=image)
    go_on_to(business + timedelta(days=5))
    side.quiet()

    assert side.portal.codes() == {
        "0x8F72": 200,
        "CS06_ACCEPTED": 200,
        "CANCELLED": 50,
        "0x8F66": 150,
        "CANCEL_FAILED": 50,
    }
    done = [alert["occurred_at"] for alert in side.portal.alerts if alert["code"] == "0x8F66"]
    assert {datetime.fromisoformat(each) for each in done} == {business + timedelta(days=3)}


def test_the_clock_can_be_set_to_the_day_something_happens(start, toshiba, image):
    side = start("instant", rate=0)
    business = datetime.fromisoformat(side.http.get("/clock").json()["business_at"])
    side.send("distribute", toshiba[:10], command_id="d", image=image)
    side.quiet()
    dated = (business + timedelta(days=9)).isoformat()
    side.send("activate", toshiba[:10], command_id="a", image=image, execute_at=dated)
    assert side.truth()["activated"] == 0

    answer = side.http.post(
        "/clock", json={"business_at": (business + timedelta(days=10)).isoformat(), "rate": 2}
    )
    side.quiet()

    assert answer.json()["rate"] == 2
    assert side.truth()["activated"] == 10


@pytest.mark.requirement("R6.5")
def test_the_truth_is_what_the_alerts_say(start, estate, toshiba, image):
    side = start(replace(preset("hostile"), gateway=GatewayFaults()), rate=1_000_000)
    side.send("distribute", toshiba[:2000], command_id="d", image=image)
    side.quiet()
    side.send("activate", toshiba[:2000], command_id="a", image=image)
    side.quiet()
    side.send("read", toshiba[:2000], command_id="r")
    side.quiet()

    rows = csv.DictReader(io.StringIO(side.http.get("/truth/hubs").text))
    version_by_guid = {row["guid"]: row["firmware_version"] for row in rows}
    content = {
        alert["guid"]: alert["firmware_version"]
        for alert in side.portal.alerts
        if alert["code"] == "READ_RESULT" and "firmware_version" in alert
    }
    assert len(version_by_guid) == len(estate)
    assert len(content) > 1700
    assert {guid: version_by_guid[guid] for guid in content} == content
    counted = sum(each["hubs"] for each in side.truth()["by_version"])
    assert counted == len(estate)


def test_only_what_changed_can_be_asked_for(start, toshiba, image):
    side = start("instant")
    side.send("distribute", toshiba[:7], command_id="d", image=image)
    side.quiet()
    side.send("activate", toshiba[:7], command_id="a", image=image)
    side.quiet()

    changed = side.http.get("/truth", params={"format": "csv", "changed": "1"})

    assert changed.headers["Content-Type"] == "text/csv; charset=utf-8"
    assert [row["guid"] for row in csv.DictReader(io.StringIO(changed.text))] == toshiba[:7]


def test_the_profile_can_be_shown_and_switched_while_it_runs(start):
    side = start("instant")

    switched = side.http.put("/profile", json={"name": "hostile"})
    own = side.http.put("/profile", json={"name": "mine", "everywhere": {"unreachable": 0.5}})

    assert switched.json()["messages"]["duplicates"] == 0.2
    assert own.json()["everywhere"]["unreachable"] == 0.5
    assert side.http.get("/profile").json() == own.json()
    assert side.http.get("/stats").json()["profile"] == "mine"


@pytest.mark.requirement("R6.5")
@pytest.mark.parametrize(
    ("method", "path", "body", "status"),
    [
        ("POST", "/commands/distribute", b"{}", 400),
        ("POST", "/commands/distribute", b"x" * 2_100_000, 413),
        ("POST", "/commands/explode", b"{}", 404),
        ("GET", "/commands/read", b"", 405),
        ("PUT", "/profile", b'{"name": "perfect"}', 400),
        ("PUT", "/profile", b"[]", 400),
        ("PUT", "/profile", b"{", 400),
        ("POST", "/clock", b'{"rate": -1}', 400),
        ("POST", "/clock", b'{"business_at": "noon"}', 400),
    ],
)
def test_what_is_wrong_is_answered_as_a_problem(start, method, path, body, status):
    answer = start("instant").http.request(method, path, content=body)

    assert answer.status_code == status
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert answer.json()["status"] == status
    assert answer.json()["detail"]


@pytest.mark.requirement("R6.5")
def test_nobody_commands_hubs_without_the_token(start, toshiba, image):
    side = start("instant")

    for shown in ({"Authorization": ""}, {"Authorization": "Bearer n-token"}, {"Authorization": "secret"}):
        side.http.headers.update(shown)
        assert side.send("distribute", toshiba[:1], command_id="x", image=image).status_code == 401
        assert side.http.put("/profile", json={"name": "hostile"}).status_code == 401
    assert side.http.get("/healthz").json() == {"status": "ok"}


def test_slow_answers_take_their_time(start, toshiba, image):
    side = start(Profile("x", gateway=GatewayFaults(slow=1, slow_seconds=0.5)))

    began = time.monotonic()
    side.send("distribute", toshiba[:1], command_id="s", image=image)

    assert time.monotonic() - began >= 0.5
