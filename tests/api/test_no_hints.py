"""What a Supplier is answered does not count what the others do."""

from __future__ import annotations

import base64
from datetime import datetime
from urllib.parse import parse_qs, urlsplit

import pytest
from django.utils import timezone

from notifications.models import Message, WebhookDelivery
from portal.events.sequencer import sequence_all
from portal.kernel.references import number_of
from rollouts.models import Command, Instruction
from tests.api.systems import body_of

pytestmark = [pytest.mark.requirement("R3.3"), pytest.mark.django_db]


def instruct(stage, system, number):
    answer = system.post(stage.path("/instructions"), {"kind": "INSTRUCT", "guids": [stage.guid(number)]})
    assert answer.status_code == 201
    return body_of(answer)


def texts_in(document):
    """Every text and number anywhere in an answer."""
    if isinstance(document, dict):
        return [each for value in document.values() for each in texts_in(value)]
    if isinstance(document, list):
        return [each for value in document for each in texts_in(value)]
    return [document]


def test_references_of_instructions_are_drawn_by_lot(stage):
    own = [instruct(stage, stage.supplier, number)["reference"] for number in range(6)]

    numbers = Instruction.objects.in_bulk(own, field_name="reference")
    assert len(set(own)) == 6
    for reference in own:
        assert len(reference) == 12
        assert str(numbers[reference].pk) not in {reference.removeprefix("I-").lstrip("0")}


def test_what_others_instruct_leaves_no_trace_in_ones_own_answers(stage):
    item = instruct(stage, stage.supplier, 0)
    for _ in range(5):
        instruct(stage, stage.other, 17)
    two = instruct(stage, stage.supplier, 1)
    page = body_of(stage.supplier.get("/instructions", {"limit": 1}))

    ids = set(Instruction.objects.values_list("pk", flat=True))
    for answer in (item, two, *page["items"]):
        numbers = {each for each in texts_in(answer) if type(each) is int and each > 1}
        assert numbers & ids - {stage.rollout.pk} == set()
    (cursor,) = parse_qs(urlsplit(page["next"]).query)["after"]
    plain = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4))
    assert not any(str(each).encode() in plain for each in ids if each > 9)
    assert b"[" not in plain[:1]
    assert (
        body_of(stage.supplier.get("/instructions", {"after": cursor}))["items"][0]["reference"]
        == (item["reference"])
    )


def test_a_cursor_of_another_organisation_leads_nowhere_else(stage):
    for number in (0, 1):
        instruct(stage, stage.supplier, number)
        instruct(stage, stage.other, 17)
    (cursor,) = parse_qs(urlsplit(body_of(stage.other.get("/instructions", {"limit": 1}))["next"]).query)[
        "after"
    ]

    answer = stage.supplier.get("/instructions", {"after": cursor})

    assert (answer.status_code, body_of(answer)["code"]) == (422, "bad_cursor")


def test_a_reading_and_the_commands_of_a_hub_name_no_number_of_a_command(stage):
    requested = stage.supplier.post("/readings", {"guids": [stage.guid(0)]})
    Command.objects.update(sent_at=timezone.now(), status=3)

    document = body_of(stage.supplier.get(f"/hubs/{stage.guid(0)}/commands"))["items"]

    assert body_of(requested) == {"asked": 1, "requested": 1, "under_way": 0, "not_yours": 0}
    assert [(each["kind"], each["number"], each["hubs"], each["asked_by"]) for each in document] == [
        ("READ", None, None, "")
    ]


def test_deliveries_and_notices_are_not_numbered_across_organisations(stage):
    made = body_of(
        stage.supplier.post("/webhooks", {"name": "CRM", "url": "https://1.1.1.1/hook", "kinds": []})
    )["webhook"]
    for attempt in (1, 2):
        WebhookDelivery.objects.create(
            endpoint_id=number_of(made["id"], "webhook"),
            message_id="msg_1",
            attempt=attempt,
            at=timezone.now(),
            outcome=WebhookDelivery.Outcome.DELIVERED,
        )
    message = Message.objects.create(
        organisation_id=stage.world.supplier.pk, position=1, kind=160, at=timezone.now(), title="A rule ran"
    )

    log = body_of(stage.supplier.get(f"/webhooks/{made['id']}/deliveries", {"limit": 1}))
    (notice,) = body_of(stage.supplier.get("/notifications"))["items"]

    assert "id" not in log["items"][0]
    assert [each["attempt"] for each in log["items"]] == [2]
    assert len(notice["id"]) == 13
    assert notice["id"] != str(message.pk)


def test_a_person_marks_notices_by_the_id_they_have_over_rest(stage, client):
    message = Message.objects.create(
        organisation_id=stage.world.supplier.pk, position=1, kind=160, at=timezone.now(), title="A rule ran"
    )
    client.force_login(stage.world.supplier_user)
    (notice,) = client.get("/api/v1/notifications").json()["items"]

    for up_to, status in (("0" * 13, 422), (str(message.pk), 422), (notice["id"], 204)):
        answer = client.post("/api/v1/notifications/seen", {"up_to": up_to}, content_type="application/json")
        assert answer.status_code == status, answer.content
    assert not client.get("/api/v1/notifications").json()["items"][0]["is_unread"]


def test_the_tag_of_another_organisations_answer_is_worth_nothing(stage):
    instruct(stage, stage.other, 17)
    for path in (
        "/dashboard",
        "/estate/summary",
        stage.path("/consent"),
        "/instructions",
        f"/hubs/{stage.guid(9)}",
    ):
        ours, theirs = stage.supplier.get(path), stage.other.get(path)
        again = stage.supplier.get(path, If_None_Match=theirs["ETag"])

        assert ours["ETag"] != theirs["ETag"], path
        assert (again.status_code, again["ETag"]) == (200, ours["ETag"]), path
        assert "private" in again["Cache-Control"]
        assert stage.supplier.get(path, If_None_Match=ours["ETag"]).status_code == 304


def test_what_one_may_not_see_has_no_tag_to_compare(stage):
    seen = stage.supplier.get(f"/hubs/{stage.guid(0)}")["ETag"]

    for headers in ({}, {"If_None_Match": seen}, {"If_None_Match": "*"}):
        answer = stage.third.get(f"/hubs/{stage.guid(0)}", **headers)
        assert (answer.status_code, "ETag" in answer) == (404, False)


def test_answers_of_a_second_supplier_share_no_moment_that_groups_their_hubs(stage):
    """Both Suppliers answer; neither feed nor list tells a moment finer than the minute."""
    for number in (9, 10, 11):
        instruct(stage, stage.supplier, number)
    instruct(stage, stage.other, 9)
    instruct(stage, stage.other, 10)
    sequence_all(seconds=5)

    hubs = body_of(stage.supplier.get(stage.path("/hubs")))["items"]
    places = body_of(stage.supplier.get(f"/hubs/{stage.guid(9)}"))
    events = body_of(stage.supplier.get("/events", {"kinds": "hub.scheduled"}))["items"]

    moments = [hub["state_at"] for hub in hubs] + [place["state_at"] for place in places["places"]]
    assert len(events) == 2
    for moment in [*moments, *(event["time"] for event in events)]:
        read_at = datetime.fromisoformat(moment)
        assert (read_at.second, read_at.microsecond) == (0, 0), moment
