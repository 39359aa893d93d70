"""What people do on pages, without scripts: publish, nominate, instruct, suspend, and the files they take away."""

from __future__ import annotations

import io
import re
from datetime import timedelta
from zoneinfo import ZoneInfo

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from portal.kernel import sql
from portal.kernel.guid import Guid
from rollouts import services
from rollouts.models import Instruction, PilotSubmission, Rollout, SelectionRule, Target
from rollouts.services import HubList
from tests.factories import make_rollout

pytestmark = pytest.mark.django_db

LONDON = ZoneInfo("Europe/London")


def local(moment) -> str:
    return moment.astimezone(LONDON).strftime("%d/%m/%Y %H:%M")


def spelt(world, *numbers) -> str:
    return "\n".join(str(Guid.from_db(world.guid(number))) for number in numbers)


# Publishing


def draft_of(world, today, **changes):
    return {
        "name": "Toshiba winter release",
        "cpl_entry_id": world.target.pk,
        "kind": "SEC_RELEASE",
        "severity": "MAJOR",
        "priority": "P2",
        "automatic_at": local(today + timedelta(days=120)),
        "release_note_url": "https://notes.example/1",
        "consent_policy": "VOLUNTARY",
        "has_pilot": "on",
        "pilot_cap": "300",
        **changes,
    }


@pytest.mark.requirement("R1.1")
def test_an_update_is_drafted_previewed_changed_and_published(world, seat, today):
    client = seat("operator")
    answer = client.post("/rollouts/new/", draft_of(world, today))
    rollout = Rollout.objects.get()
    assert answer["Location"] == f"/rollouts/{rollout.pk}/preview/"

    preview = client.get(answer["Location"]).content.decode()
    assert "Brightwater Energy" in preview
    assert re.search(r"Publish the notice.*?20 hubs", preview, re.DOTALL)

    form = client.get(f"/rollouts/{rollout.pk}/draft/").content.decode()
    assert "Toshiba winter release" in form
    client.post(f"/rollouts/{rollout.pk}/draft/", draft_of(world, today, name="Toshiba spring release"))
    answer = client.post(f"/rollouts/{rollout.pk}/preview/", follow=True)

    assert "Published: 20 hubs of 3 Suppliers" in answer.content.decode()
    rollout.refresh_from_db()
    assert (rollout.status, rollout.name) == ("NOTIFIED", "Toshiba spring release")


@pytest.mark.requirement("R1.2")
def test_a_draft_beyond_six_months_is_refused_and_keeps_what_was_typed(world, seat, today):
    answer = seat("operator").post(
        "/rollouts/new/", draft_of(world, today, automatic_at=local(today + timedelta(days=400)))
    )

    body = answer.content.decode()
    assert answer.status_code == 409
    assert "six months" in body
    assert 'value="Toshiba winter release"' in body


@pytest.mark.parametrize("missing", ["name", "automatic_at", "cpl_entry_id"])
def test_a_draft_without_what_it_needs_says_what(world, seat, today, missing):
    answer = seat("operator").post("/rollouts/new/", draft_of(world, today, **{missing: ""}))

    assert answer.status_code == 422
    assert f'href="#id_{missing}"' in answer.content.decode()


@pytest.mark.requirement("R1.4")
def test_a_revision_of_the_release_note_is_published_and_kept(world, seat, today):
    rollout = make_rollout(world, now=today)
    client = seat("operator")
    url = f"/rollouts/{rollout.pk}/release-notes/"

    assert client.post(url, {"url": "not an address"}).status_code == 422
    assert (
        client.post(url, {"url": "https://notes.example/2", "summary": "One fault more."}).status_code == 302
    )

    assert [note.revision for note in rollout.release_notes.order_by("revision")] == [1, 2]
    assert "One fault more." in seat("supplier").get(url).content.decode()
    assert seat("supplier").post(url, {"url": "https://notes.example/3"}).status_code == 403


# Instructing


def check(client, rollout, **said):
    fields = {"kind": "INSTRUCT", "source": "waiting", **said}
    return client.post(f"/rollouts/{rollout.pk}/instruct/", fields)


def token_in(answer) -> str:
    return re.search(r'name="token" value="([^"]+)"', answer.content.decode())[1]


def submit(client, rollout, token):
    return client.post(f"/rollouts/{rollout.pk}/instruct/submit/", {"token": token})


@pytest.mark.requirement("R3.1", "R4.1", "R4.2")
def test_a_pasted_list_is_checked_then_submitted_and_its_failures_come_back_as_a_file(world, seat, today):
    rollout = make_rollout(world, now=today)
    client = seat("supplier")
    pasted = spelt(world, 0, 1, 9, 17) + "\nnonsense\n"

    checked = check(
        client,
        rollout,
        source="paste",
        hubs=pasted,
        activate_at=local(today + timedelta(days=30)),
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
    assert f"{spelt(world, 17)},4," in csv


def test_the_failures_can_be_corrected_and_sent_again_as_they_are(world, seat, today):
    rollout = make_rollout(world, now=today)
    client = seat("supplier")
    first = submit(
        client, rollout, token_in(check(client, rollout, source="paste", hubs=spelt(world, 0) + "\n00-DB-12"))
    )
    failures = b"".join(client.get(f"{first['Location']}not-accepted.csv").streaming_content)

    corrected = failures.replace(b"00-DB-12,", spelt(world, 1).encode() + b",")
    checked = check(client, rollout, source="file", file=SimpleUploadedFile("corrected.csv", corrected))

    assert re.search(r"Submit.*?1 hub<", checked.content.decode(), re.DOTALL)


@pytest.mark.requirement("R3.8")
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
    late = local(today + timedelta(days=90))

    answer = check(
        seat("supplier"), rollout, source="paste", hubs="00-DB-12-34-00-00-00-00", activate_at=late
    )

    body = answer.content.decode()
    assert answer.status_code == 409
    assert "earlier than the automatic activation time" in body
    assert late in body
    assert "00-DB-12-34-00-00-00-00" in body


@pytest.mark.parametrize(
    ("said", "field"),
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
def test_what_has_the_wrong_shape_is_said_beside_its_field(world, seat, today, said, field):
    rollout = make_rollout(world, now=today)

    answer = check(seat("supplier"), rollout, **said)

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
    wanted, hubs = local(today + timedelta(days=40)), spelt(world, 0, 1)
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


@pytest.mark.requirement("R3.1")
def test_choosing_again_after_the_check_begins_with_what_was_typed(world, seat, today):
    rollout = make_rollout(world, now=today)
    client, address = seat("supplier"), f"/rollouts/{rollout.pk}/instruct/"
    wanted, hubs = local(today + timedelta(days=40)), spelt(world, 0, 1)
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
    write_xlsx(book, [[spelt(world, number)] for number in (0, 1)], header=["GUID"])

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


# Pilot


@pytest.mark.requirement("R2.2", "R2.3")
def test_a_supplier_previews_a_rule_and_nominates_by_it(world, seat, today):
    rollout = make_rollout(world, now=today, status="NOTIFIED", has_pilot=True, gate_open=False)
    client, url = seat("supplier"), f"/rollouts/{rollout.pk}/pilot/"
    rule = {
        "source": "rule",
        "rule-supply": "SOLE",
        "rule-size": "4",
        "rule-strata": ["region"],
        "rule-seed": "7",
    }

    preview = client.post(url, {**rule, "act": "preview"})
    part = client.post(url, {**rule, "act": "preview"}, headers={"HX-Request": "true"})
    answer = client.post(url, {**rule, "act": "submit", "rule_name": "Quick look"})

    assert "Representativeness" in preview.content.decode()
    assert "<html" not in part.content.decode()
    assert answer.status_code == 302
    nomination = PilotSubmission.objects.get()
    assert (nomination.hubs, nomination.organisation_id) == (4, world.supplier.pk)
    assert SelectionRule.objects.get().name == "Quick look"


@pytest.mark.requirement("R2.3")
def test_the_dcc_confirms_a_nomination_and_starts_the_pilot(world, seat, today):
    rollout = make_rollout(world, now=today, status="NOTIFIED", has_pilot=True, gate_open=False)
    url = f"/rollouts/{rollout.pk}/pilot/"
    seat("supplier").post(url, {"source": "paste", "hubs": spelt(world, 0, 9, 17), "act": "submit"})
    nomination, client = PilotSubmission.objects.get(), seat("operator")
    assert "Brightwater Energy" in client.get(url).content.decode()

    nothing = client.post(f"{url}decide/", {"act": "confirm"})
    confirmed = client.post(f"{url}decide/", {"act": "confirm", "submission": nomination.pk}, follow=True)
    started = client.post(f"/rollouts/{rollout.pk}/steps/start_pilot/", follow=True)

    assert nothing.status_code == 422
    assert "2 hubs joined" in confirmed.content.decode()
    assert started.status_code == 200
    rollout.refresh_from_db()
    assert rollout.status == "PILOT"
    ended = client.post(f"/rollouts/{rollout.pk}/steps/end_pilot/", {"commentary": ""})
    assert ended.status_code == 422


@pytest.mark.requirement("R2.3")
def test_the_dcc_goes_on_without_a_pilot_and_the_page_says_since_when(world, seat, today):
    rollout = make_rollout(world, now=today, status="NOTIFIED", has_pilot=True, gate_open=False)
    client, url = seat("operator"), f"/rollouts/{rollout.pk}/steps/skip_pilot/"

    silent = client.post(url, {"commentary": ""})
    taken = client.post(url, {"commentary": "Nobody nominates."}, follow=True)
    theirs = seat("other").get(f"/rollouts/{rollout.pk}/").content.decode()

    assert silent.status_code == 422
    assert "goes on without a pilot" in taken.content.decode()
    assert "DCC went on without one on" in theirs
    assert "Pilot group" not in theirs
    assert "Nobody nominates." in theirs
    assert seat("other").post(url, {"commentary": "No"}).status_code == 403


@pytest.mark.requirement("R2.3")
def test_a_nomination_beyond_the_cap_is_refused_with_the_list_kept(world, seat, today):
    rollout = make_rollout(world, now=today, status="NOTIFIED", has_pilot=True, gate_open=False)
    Rollout.objects.update(pilot_cap=2)

    answer = seat("supplier").post(
        f"/rollouts/{rollout.pk}/pilot/", {"source": "paste", "hubs": spelt(world, 0, 1, 2), "act": "submit"}
    )

    assert answer.status_code == 409
    assert "holds 2 hubs at most" in answer.content.decode()
    assert spelt(world, 2) in answer.content.decode()


def test_a_nomination_of_which_nothing_can_be_taken_says_why_line_by_line(world, seat, today):
    rollout = make_rollout(world, now=today, status="NOTIFIED", has_pilot=True, gate_open=False)

    answer = seat("supplier").post(
        f"/rollouts/{rollout.pk}/pilot/", {"source": "paste", "hubs": spelt(world, 17), "act": "submit"}
    )

    assert answer.status_code == 409
    assert "Not a hub of yours in the inventory" in answer.content.decode()


def test_declining_a_nomination_needs_a_word_to_its_supplier(world, seat, today):
    rollout = make_rollout(world, now=today, status="NOTIFIED", has_pilot=True, gate_open=False)
    url = f"/rollouts/{rollout.pk}/pilot/"
    seat("supplier").post(url, {"source": "paste", "hubs": spelt(world, 0), "act": "submit"})
    nomination, client = PilotSubmission.objects.get(), seat("operator")
    content = {"act": "decline", "submission": nomination.pk}

    refused = client.post(f"{url}decide/", content)
    assert refused.status_code == 422
    assert re.search(r'name="submission" value="\d+" checked', refused.content.decode())
    assert client.post(f"{url}decide/", {**content, "comment": "Too few regions."}).status_code == 302
    assert "Too few regions." in seat("supplier").get(url).content.decode()


# Stopping the world


@pytest.mark.requirement("R5.4", "R5.6")
def test_suspending_says_what_it_touches_asks_for_a_reason_and_is_done_in_one_step(world, seat, today):
    rollout = make_rollout(world, now=today)
    client, url = seat("operator"), f"/rollouts/{rollout.pk}/steps/suspend/"

    shown = client.get(url).content.decode()
    blank = client.post(url, {"reason": " "})
    done = client.post(url, {"reason": "Too many failures."}, follow=True)
    again = client.post(url, {"reason": "Once more."})

    assert re.search(r"Suspend at once.*?20 hubs", shown, re.DOTALL)
    assert blank.status_code == 422
    assert "Sending has stopped." in done.content.decode()
    assert "Too many failures." in done.content.decode()
    assert again.status_code in {302, 409}
    rollout.refresh_from_db()
    assert rollout.status == "SUSPENDED"


@pytest.fixture
def suspended(world, today):
    """A rollout the DCC has suspended: its review is open."""
    rollout = make_rollout(world, now=today)
    services.take_step(
        world.operator, rollout_id=rollout.pk, verb="suspend", reason="Too many failures.", now=today
    )
    return rollout


def decide(client, rollout, act, version=1, **said):
    return client.post(f"/rollouts/{rollout.pk}/decision/", {"act": act, "version": version, **said})


@pytest.mark.requirement("R5.3", "R5.4")
def test_an_update_goes_on_when_the_panel_has_signed_what_the_dcc_recommends(world, seat, suspended):
    dcc, panel = seat("operator"), seat("panel")
    url = f"/rollouts/{suspended.pk}/decision/"
    assert "Too many failures." in dcc.get(url).content.decode()

    assert decide(dcc, suspended, "recommend", outcome="PROCEED", reasons="").status_code == 422
    assert decide(dcc, suspended, "recommend", outcome="PROCEED", reasons="Mended.").status_code == 302
    shown = panel.get(url).content.decode()
    version = re.search(r'name="version" value="(\d+)"', shown)[1]
    stale = decide(panel, suspended, "approve", version=99)
    signed = decide(panel, suspended, "approve", version=version)

    assert "Proceed as planned" in shown
    assert "Mended." in shown
    assert stale.status_code == 409
    assert signed.status_code == 302
    suspended.refresh_from_db()
    assert suspended.status == "SAFE_LAUNCH"
    assert "Confirmed and enacted" in dcc.get(url).content.decode()


@pytest.mark.requirement("R5.3")
def test_a_rejection_needs_a_word_and_leaves_the_update_as_it_stands(world, seat, suspended):
    decide(seat("operator"), suspended, "recommend", outcome="STOP", reasons="Beyond repair.")
    panel = seat("panel")
    version = re.search(
        r'name="version" value="(\d+)"', panel.get(f"/rollouts/{suspended.pk}/decision/").content.decode()
    )[1]

    assert decide(panel, suspended, "reject", version=version).status_code == 422
    assert decide(panel, suspended, "reject", version=version, comment="Look again.").status_code == 302
    suspended.refresh_from_db()
    assert suspended.status == "SUSPENDED"


@pytest.mark.requirement("R5.3", "R5.4")
@pytest.mark.parametrize("actor", ["supplier", "csp"])
def test_nobody_else_sees_or_signs_a_decision(world, seat, suspended, actor):
    assert seat(actor).get(f"/rollouts/{suspended.pk}/decision/").status_code == 404
    assert decide(seat(actor), suspended, "approve").status_code == 404


def test_the_dcc_does_not_sign_and_the_panel_does_not_recommend(world, seat, suspended):
    assert decide(seat("panel"), suspended, "recommend", outcome="STOP", reasons="No.").status_code == 403
    decide(seat("operator"), suspended, "recommend", outcome="STOP", reasons="Beyond repair.")
    assert decide(seat("operator"), suspended, "approve", version=2).status_code == 403


def test_a_delay_asks_for_its_date(world, seat, suspended):
    answer = decide(seat("operator"), suspended, "recommend", outcome="DELAY", reasons="More time.")

    assert answer.status_code == 422
    assert 'href="#id_automatic_at"' in answer.content.decode()


@pytest.mark.parametrize("verb", ["complete", "notify", "open_safe_launch", "resume", "stop", "explode"])
def test_a_step_without_a_button_has_no_page(world, seat, today, verb):
    rollout = make_rollout(world, now=today)

    assert seat("operator").get(f"/rollouts/{rollout.pk}/steps/{verb}/").status_code == 404


# Lists and files


@pytest.mark.requirement("R1.3", "R2.1")
@pytest.mark.parametrize("form", ["csv", "xlsx"])
def test_a_supplier_takes_away_the_report_of_its_own_hubs(world, seat, today, form):
    rollout = make_rollout(world, now=today)

    answer = seat("supplier").get(f"/rollouts/{rollout.pk}/report.{form}")

    body = b"".join(answer.streaming_content)
    assert "attachment" in answer["Content-Disposition"]
    if form == "csv":
        assert len(body.decode().strip().splitlines()) == 17
        assert spelt(world, 17) not in body.decode()


@pytest.mark.requirement("R4.3")
def test_every_count_leads_to_the_list_behind_it(world, seat, today):
    rollout = make_rollout(world, now=today)
    sql.run(
        "UPDATE rollouts_target SET state = 20, consent = 4 WHERE guid < %(first)s", {"first": world.guid(3)}
    )
    client = seat("supplier")

    assert (
        f"/rollouts/{rollout.pk}/hubs/?state=SCHEDULED"
        in client.get(f"/rollouts/{rollout.pk}/").content.decode()
    )
    listed = client.get(f"/rollouts/{rollout.pk}/hubs/?state=SCHEDULED").content.decode()
    csv = b"".join(client.get(f"/rollouts/{rollout.pk}/hubs.csv?state=SCHEDULED").streaming_content)

    assert re.findall(r'class="guid" href="/hubs/([^/]+)/', listed) == spelt(world, 0, 1, 2).split()
    assert csv.decode().count("SCHEDULED") == 3


@pytest.mark.hubs(120)
def test_the_list_of_hubs_goes_on_where_it_ended(world, seat, today):
    rollout = make_rollout(world, now=today)
    client, hubs, path = seat("supplier"), [], f"/rollouts/{rollout.pk}/hubs/"

    url = path
    while url:
        body = client.get(url).content.decode()
        hubs += re.findall(r'class="guid" href="/hubs/([^/]+)/', body)
        more = re.search(r'rel="next" href="([^"]+)"', body)
        url = path + more[1].replace("&amp;", "&") if more else ""

    assert len(hubs) == len(set(hubs)) == 96
    assert client.get(f"{path}?after=nonsense").status_code == 404
    assert client.get(f"{path}?state=NONSENSE&region=99").status_code == 200


def test_a_file_of_hubs_cannot_start_a_formula(world, seat, today):
    rollout = make_rollout(world, now=today)
    rollout.batches.update(name="=HYPERLINK(1)")

    csv = b"".join(seat("supplier").get(f"/rollouts/{rollout.pk}/hubs.csv").streaming_content).decode()

    assert ",'=HYPERLINK(1)," in csv
    assert ",=HYPERLINK" not in csv
