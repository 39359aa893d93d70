"""What an attacker sends: each is answered with a code, nothing of it is done, and nothing fails.

Whoever sends has a token: without one nobody gets as far as the XML.
"""

from __future__ import annotations

import pytest

from portal.identity.models import UserIdentifier
from rollouts.models import Instruction, ServiceRequest
from rollouts.rules.identifiers import parse_user_id
from tests.service_requests.messages import USER, checked, update
from tests.service_requests.tampering import BYTES, EDITS, edited, good, refused

pytestmark = [pytest.mark.django_db]


@pytest.mark.requirement("R6.6")
@pytest.mark.parametrize("attack", BYTES)
def test_bytes_that_were_tampered_with_do_nothing(stage, attack):
    change, code = BYTES[attack]

    refused(stage, change(good(stage)), code)


@pytest.mark.requirement("R6.6")
@pytest.mark.parametrize("attack", EDITS)
def test_trees_that_were_tampered_with_do_nothing(stage, attack):
    change, code = EDITS[attack]

    refused(stage, edited(good(stage), change), code)


@pytest.mark.requirement("R6.6")
def test_a_bare_message_that_is_well_formed_is_taken(stage):
    """What the attacks start from."""
    assert checked(stage.supplier.post(good(stage)).content, stage.authority.portal).code == "I99"


@pytest.mark.parametrize("cdata", [True, False])
def test_sections_of_characters_are_what_they_say(stage, cdata):
    form = "<![CDATA[{}]]>" if cdata else "{}"
    message = update(form.format(stage.guid(0)))

    assert stage.supplier.send(message).code == "I99"
    assert Instruction.objects.get().accepted == 1


@pytest.mark.requirement("R3.8", "R6.6")
def test_50_000_ids_are_taken_and_50_001_are_not(stage):
    ids = [
        f"0F-DB-12-34-{n >> 24:02X}-{n >> 16 & 255:02X}-{n >> 8 & 255:02X}-{n & 255:02X}"
        for n in range(50_001)
    ]

    assert stage.supplier.send(update(ids)).code == "EP02"
    assert not ServiceRequest.objects.exists()
    assert stage.supplier.send(update([stage.guid(0), *ids[:49_999]])).code == "I99"
    (response,) = stage.supplier.messages()
    assert response.text("Body/UpdateFirmwareResult/Accepted") == "1"
    invalid = response.text("Body/UpdateFirmwareResult/UpdateFirmwareWarning/InvalidDeviceIDList")
    assert invalid is not None
    assert invalid.count(",") == 49_998


def test_a_role_that_may_not_instruct_is_told_so(stage):
    UserIdentifier.objects.filter(eui64=parse_user_id(USER).db).update(user_role="ES")

    assert stage.supplier.send(update([stage.guid(0)])).code == "E2"


def test_another_kind_of_body_is_no_message(stage):
    assert stage.supplier.post(good(stage), kind="application/json").status_code == 415
