"""A Supplier instructs, answers and is told by signed XML alone."""

from __future__ import annotations

from datetime import timedelta

import pytest

from rollouts.models import Instruction, ServiceRequest, SigningCertificate
from tests.service_requests.messages import (
    DCC,
    OTHER_USER,
    USER,
    checked,
    position_of,
    read_version,
    signed,
    update,
)

pytestmark = pytest.mark.django_db
STRANGER = "FF-FF-FF-FF-FF-FF-FF-01"


def time_of(moment):
    return f"<sr:ActivationDateTime>{moment:%Y-%m-%dT%H:%M:%SZ}</sr:ActivationDateTime>"


@pytest.mark.requirement("R4.1", "R4.2", "R6.6")
def test_a_request_is_acknowledged_and_answered_with_lists_by_reason(stage, now):
    wanted = now + timedelta(days=30)
    hubs = [stage.guid(0), stage.guid(9), STRANGER, stage.guid(17), "nonsense-of-some-length", stage.guid(0)]

    taken = stage.supplier.send(update(hubs, counter=7, answer=time_of(wanted)))
    response = stage.supplier.messages()[0]

    assert (taken.code, taken.text("Header/RequestID")) == ("I99", f"{USER}:{DCC}:7")
    assert taken.text("Header/ResponseID") == f"{DCC}:{USER}:7"
    assert (response.code, response.text("Header/ResponseID")) == ("W110101", f"{DCC}:{USER}:7")
    result = "Body/UpdateFirmwareResult"
    assert response.text(f"{result}/Accepted") == "2"
    assert response.text(f"{result}/AwaitingSecondSupplier") == "1"
    assert response.text(f"{result}/UpdateFirmwareWarning/InvalidDeviceIDList") == (
        f"{STRANGER},{stage.guid(17)},nonsense-of-some-length"
    )
    assert response.text(f"{result}/UpdateFirmwareWarning/OtherReason") == stage.guid(0)
    stored = Instruction.objects.get()
    assert (stored.channel, stored.idempotency_key) == ("XML", f"{USER}:{DCC}:7")
    assert stored.activate_at == wanted.replace(microsecond=0)
    assert SigningCertificate.objects.get(pk=stage.supplier.certificate_id).used_at is not None


@pytest.mark.requirement("R6.6")
def test_a_list_without_a_fault_is_answered_with_i0(stage):
    stage.supplier.send(update([stage.guid(0), stage.guid(1)]))

    (response,) = stage.supplier.messages()

    assert response.code == "I0"
    assert response.text("Body/UpdateFirmwareResult/UpdateFirmwareWarning") is None


@pytest.mark.requirement("R3.3", "R3.4", "R6.6")
def test_two_suppliers_instruct_and_agree_and_neither_learns_of_the_other(stage, now):
    stage.supplier.send(update([stage.guid(9)], answer=time_of(now + timedelta(days=20))))

    agreed = stage.other.send(update([stage.guid(9)], user=OTHER_USER, answer="<sr:Agree/>"))

    assert agreed.code == "I99"
    (response,) = stage.other.messages()
    assert response.text("Body/UpdateFirmwareResult/Accepted") == "1"
    assert response.text("Body/UpdateFirmwareResult/AwaitingSecondSupplier") == "0"
    pages = stage.other.fetch().content + stage.supplier.fetch().content
    for secret in (stage.world.supplier.name, stage.world.other.name):
        assert secret.encode() not in pages
    assert USER.encode() not in stage.other.fetch().content
    assert OTHER_USER.encode() not in stage.supplier.fetch().content


@pytest.mark.requirement("R3.9", "R6.6")
@pytest.mark.parametrize("answer", ["Withdraw", "Decline"])
def test_an_instruction_is_withdrawn_or_declined(stage, answer):
    stage.supplier.send(update([stage.guid(9)]))

    taken = stage.supplier.send(update([stage.guid(9)], counter=2, answer=f"<sr:{answer}/>"))

    assert taken.code == "I99"
    assert stage.supplier.messages()[-1].text("Body/UpdateFirmwareResult/Accepted") == "1"
    assert list(Instruction.objects.order_by("pk").values_list("kind", flat=True)) == [
        "INSTRUCT",
        answer.upper(),
    ]


@pytest.mark.requirement("R6.6")
def test_the_same_message_has_the_same_answer_and_is_done_once(stage):
    message = signed(update([stage.guid(0)]), stage.supplier.signer)

    first, second = (stage.supplier.post(message) for _ in range(2))

    assert (first.status_code, first.content) == (second.status_code, second.content)
    assert first.status_code == 202
    assert (Instruction.objects.count(), ServiceRequest.objects.count()) == (1, 1)


@pytest.mark.requirement("R6.6")
def test_a_request_whose_process_was_killed_is_carried_out_when_it_comes_again(stage):
    message = signed(update([stage.guid(0)]), stage.supplier.signer)
    stage.supplier.post(message)
    ServiceRequest.objects.update(acknowledgement=None, instruction_reference="")

    again = checked(stage.supplier.post(message).content, stage.authority.portal)

    assert again.code == "I99"
    assert Instruction.objects.count() == 1
    assert len(stage.supplier.messages()) == 1


@pytest.mark.requirement("R3.1", "R6.6")
def test_a_time_after_the_automatic_one_is_refused_as_a_whole(stage):
    late = stage.rollout.automatic_at + timedelta(days=1)

    refused = stage.supplier.send(update([stage.guid(0)], answer=time_of(late)))

    assert (refused.code, refused.reason) == ("EP31", "TIME_NOT_EARLIER")
    assert not Instruction.objects.exists()
    assert stage.supplier.messages() == []


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"version": "0C999999"}, "EP30"),
        ({"variant": 4}, "E12"),
        ({"target": "90-B3-D5-1F-30-00-00-07"}, "EP12"),
        ({"user": OTHER_USER}, "E1"),
        ({"user": "90-B3-D5-1F-30-09-00-00"}, "E1"),
    ],
)
def test_what_does_not_fit_is_refused_with_its_code(stage, changes, code):
    assert stage.supplier.send(update([stage.guid(0)], **changes)).code == code
    assert not Instruction.objects.exists()


@pytest.mark.requirement("R4.8", "R6.6")
def test_a_hub_is_read_and_anothers_is_as_unknown_as_none(stage):
    own = stage.supplier.send(read_version(stage.guid(0), counter=1))
    foreign = stage.supplier.send(read_version(stage.guid(17), counter=2))
    unknown = stage.supplier.send(read_version(STRANGER, counter=3))

    assert own.code == "I99"
    assert (foreign.code, unknown.code) == ("E4", "E4")
    assert foreign.text("Body/Fault/Text") == unknown.text("Body/Fault/Text")


@pytest.mark.requirement("R6.6")
def test_pages_of_messages_have_no_gap_and_no_message_twice(stage):
    for counter in range(1, 4):
        stage.supplier.send(update([stage.guid(counter)], counter=counter))

    first = stage.supplier.fetch(limit=2).content
    rest = stage.supplier.fetch(after=position_of(first)).content

    counters = [page.count(b"</sr:Response>") for page in (first, rest)]
    assert counters == [2, 1]
    assert stage.supplier.messages(after=position_of(rest)) == []


def test_messages_are_for_the_users_of_the_organisation_alone(stage):
    stage.supplier.send(update([stage.guid(0)]))

    foreign = stage.other.fetch(user=USER)
    unknown = stage.other.fetch(user="90-B3-D5-1F-30-09-00-00")

    assert (foreign.status_code, unknown.status_code) == (404, 404)
    assert foreign.json()["detail"] == unknown.json()["detail"]
    assert stage.other.messages() == []


def test_without_a_key_there_are_no_service_requests(stage, settings):
    settings.SERVICE_REQUEST_KEY_FILE = ""

    answer = stage.supplier.system.client.post("/service-requests", b"<x/>", content_type="application/xml")

    assert (answer.status_code, answer.json()["code"]) == (503, "service_requests_off")


def test_without_a_token_nobody_gets_as_far_as_the_xml(stage, client):
    answer = client.post("/service-requests", b"<x/>", content_type="application/xml")

    assert answer.status_code == 401


@pytest.mark.parametrize("name", ["messages-1.0.xsd", "signature-1.0.xsd"])
def test_the_schema_is_served(client, name):
    assert client.get(f"/service-requests/schema/{name}").content.startswith(b"<?xml")
    assert client.get("/service-requests/schema/../urls.py").status_code == 404
