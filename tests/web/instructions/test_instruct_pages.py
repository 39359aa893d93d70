"""Suppliers instruct hubs on pages, without scripts: checked, corrected, submitted, withdrawn."""

from __future__ import annotations

import io
import re
from datetime import timedelta

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from rollouts import services
from rollouts.models import Instruction, Rollout, Target
from rollouts.services import HubList
from tests.factories import make_rollout
from tests.web.forms import as_typed
from tests.web.instructing import check, submit, token_in

pytestmark = pytest.mark.django_db


@pytest.mark.requirement("R4.1", "R4.2")
def test_a_pasted_list_is_checked_then_submitted_and_its_failures_come_back_as_a_file(world, seat, today):
    rollout = make_rollout(world, now=today)
    client = seat("supplier")
    pasted = world.pasted(0, 1, 9, 17) + "\nnonsense\n"

    checked = check(
        client,
        rollout,
        source="paste",
        hubs=pasted,
        activate_at=as_typed(today + timedelta(days=30)),
        name="London",
    )
    assert checked.status_code == 200
    assert not Instruction.objects.exists()
    answer = submit(client, rollout, token_in(checked))

    instruction = Instruction.objects.get()
    assert answer["Location"] == f"/instructions/{instruction.reference}/"
    assert (instruction.accepted, instruction.rejected, instruction.name) == (3, 2, "London")
    receipt = client.get(answer["Location"]).content.decode()
    assert instruction.reference in receipt
    assert "London" in receipt
    csv = b"".join(client.get(f"{answer['Location']}not-accepted.csv").streaming_content).decode()
    assert csv.splitlines()[0].startswith("\ufeffguid,line,reason")
    assert "nonsense,5,MALFORMED_ID" in csv
    assert f"{world.pasted(17)},4," in csv


def test_the_failures_can_be_corrected_and_sent_again_as_they_are(world, seat, today):
    rollout = make_rollout(world, now=today)
    client = seat("supplier")
    first = submit(
        client, rollout, token_in(check(client, rollout, source="paste", hubs=world.pasted(0) + "\n00-DB-12"))
    )
    failures = b"".join(client.get(f"{first['Location']}not-accepted.csv").streaming_content)

    corrected = failures.replace(b"00-DB-12,", world.pasted(1).encode() + b",")
    checked = check(client, rollout, source="file", file=SimpleUploadedFile("corrected.csv", corrected))

    assert re.search(r"Submit.*?1 hub<", checked.content.decode(), re.DOTALL)


def test_submitting_twice_gives_the_same_receipt(world, seat, today):
    rollout = make_rollout(world, now=today)
    client = seat("supplier")
    token = token_in(check(client, rollout))

    assert submit(client, rollout, token)["Location"] == submit(client, rollout, token)["Location"]
    assert Instruction.objects.count() == 1


@pytest.mark.parametrize(("source", "hubs"), [("waiting", 16), ("all", 16), ("second", 3), ("rule", 11)])
def test_hubs_are_chosen_by_what_is_said_of_them(world, seat, today, source, hubs):
    rollout = make_rollout(world, now=today)
    services.receive_instruction(
        world.as_other,
        rollout_id=rollout.pk,
        kind="INSTRUCT",
        source=HubList.from_stored([world.guid(n) for n in (9, 10, 11)]),
        received_at=today,
        now=today,
    )
    client = seat("supplier")

    checked = check(client, rollout, source=source, **{"rule-supply": "SOLE", "rule-strata": ["region"]})
    submit(client, rollout, token_in(checked))

    assert Instruction.objects.get(organisation_id=world.supplier.pk).accepted == hubs


@pytest.mark.requirement("R3.9")
def test_an_instruction_is_withdrawn_on_the_same_page(world, seat, today):
    rollout = make_rollout(world, now=today)
    client = seat("supplier")
    submit(client, rollout, token_in(check(client, rollout)))

    checked = check(client, rollout, kind="WITHDRAW", source="answered")
    submit(client, rollout, token_in(checked))

    assert not Target.objects.filter(rollout_id=rollout.pk, import_answer=1).exists()


@pytest.mark.requirement("R3.1")
def test_a_time_that_cannot_be_is_refused_with_everything_kept(world, seat, today):
    rollout = make_rollout(world, now=today, automatic_at=today + timedelta(days=60))
    late = as_typed(today + timedelta(days=90))

    answer = check(
        seat("supplier"), rollout, source="paste", hubs="00-DB-12-34-00-00-00-00", activate_at=late
    )

    body = answer.content.decode()
    assert answer.status_code == 409
    assert "earlier than the automatic activation time" in body
    assert late in body
    assert "00-DB-12-34-00-00-00-00" in body


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"source": "paste", "hubs": " "}, "id_hubs"),
        ({"source": "file"}, "id_file"),
        ({"activate_at": "tomorrow"}, "id_activate_at"),
        ({"kind": "DECLINE", "activate_at": "2030-01-01T10:00"}, "id_activate_at"),
        ({"source": "nothing"}, "id_source_0"),
        ({"kind": "OBEY"}, "id_kind_0"),
        ({"batch": "999999"}, "id_batch"),
    ],
)
def test_what_has_the_wrong_shape_is_said_beside_its_field(world, seat, today, changes, field):
    rollout = make_rollout(world, now=today)

    answer = check(seat("supplier"), rollout, **changes)

    assert answer.status_code == 422
    assert f'href="#{field}"' in answer.content.decode()


@pytest.mark.parametrize("content", [b"", b"%PDF-1.7", b"PK\x03\x04 broken", b"name,age\nAnn,4\nBob,5\n"])
def test_a_file_that_is_no_list_of_hubs_is_refused_in_words(world, seat, today, content):
    rollout = make_rollout(world, now=today)

    answer = check(seat("supplier"), rollout, source="file", file=SimpleUploadedFile("list.csv", content))

    assert answer.status_code == 422
    assert "govuk-error-summary" in answer.content.decode()


def test_a_list_that_is_no_longer_kept_is_asked_for_again(world, seat, today):
    rollout = make_rollout(world, now=today)

    answer = submit(seat("supplier"), rollout, "gone")

    assert answer.status_code == 409
    assert "Choose the hubs again" in answer.content.decode()


@pytest.mark.requirement("R3.1")
def test_what_is_refused_after_the_check_comes_back_as_it_was_typed(world, seat, today):
    rollout = make_rollout(world, now=today)
    wanted, hubs = as_typed(today + timedelta(days=40)), world.pasted(0, 1)
    checked = check(
        seat("supplier"), rollout, source="paste", hubs=hubs, activate_at=wanted, name="Leeds and York"
    )
    Rollout.objects.filter(pk=rollout.pk).update(
        automatic_at=today + timedelta(days=35), cutoff_at=today + timedelta(days=4)
    )

    answer = submit(seat("supplier"), rollout, token_in(checked))

    body = answer.content.decode()
    assert answer.status_code == 409
    assert "earlier than the automatic activation time" in body
    for typed in (hubs.splitlines()[1], f'value="{wanted}"', 'value="Leeds and York"'):
        assert typed in body
    assert re.search(r'value="paste"[^>]*checked', body)
    assert not Instruction.objects.exists()


def test_choosing_again_after_the_check_begins_with_what_was_typed(world, seat, today):
    rollout = make_rollout(world, now=today)
    client, address = seat("supplier"), f"/rollouts/{rollout.pk}/instruct/"
    wanted, hubs = as_typed(today + timedelta(days=40)), world.pasted(0, 1)
    checked = check(client, rollout, source="paste", hubs=hubs, activate_at=wanted, name="Leeds")

    again = client.post(f"{address}again/", {"token": token_in(checked)})
    gone = client.post(f"{address}again/", {"token": "gone"})

    body = again.content.decode()
    assert again.status_code == 200
    assert "govuk-error-summary" not in body
    for typed in (hubs.splitlines()[1], f'value="{wanted}"', 'value="Leeds"'):
        assert typed in body
    assert re.search(r'value="paste"[^>]*checked', body)
    assert gone["Location"] == address
    assert seat("other").post(f"{address}again/", {"token": token_in(checked)}).status_code == 302


def test_a_list_kept_for_one_supplier_is_not_submitted_by_another(world, seat, today):
    rollout = make_rollout(world, now=today)
    token = token_in(check(seat("supplier"), rollout))

    assert submit(seat("other"), rollout, token).status_code == 409
    assert not Instruction.objects.exists()


def test_a_workbook_of_hubs_is_read(world, seat, today):
    from portal.kernel.spreadsheets import write_xlsx

    rollout = make_rollout(world, now=today)
    book = io.BytesIO()
    write_xlsx(book, [[world.pasted(number)] for number in (0, 1)], header=["GUID"])

    checked = check(
        seat("supplier"), rollout, source="file", file=SimpleUploadedFile("hubs.xlsx", book.getvalue())
    )

    assert re.search(r"Submit.*?2 hubs", checked.content.decode(), re.DOTALL)


@pytest.mark.requirement("R3.8", "R4.1")
def test_a_long_instruction_shows_how_far_it_is(world, seat, today):
    rollout = make_rollout(world, now=today)
    client = seat("supplier")
    submit(client, rollout, token_in(check(client, rollout)))
    Instruction.objects.update(status="APPLYING", finished_at=None, processed=4)
    reference = Instruction.objects.get().reference

    body = client.get(f"/instructions/{reference}/", headers={"HX-Request": "true"}).content.decode()

    assert "<html" not in body
    assert "data-hurry" in body
    assert "<strong>4</strong> of 16 lines" in body
