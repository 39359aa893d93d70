"""Notices reach the inbox once and the mailbox in one mail, whatever the amount of work behind them."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

import pytest
from django.core import mail
from django.urls import reverse

from notifications import queries, services
from notifications.models import Message
from notifications.notice_texts import TEMPLATES, notice_text
from portal.events import sequencer
from portal.events.journal import publish_entries
from portal.events.kinds import EntryKind
from portal.identity.scope import Scope
from portal.kernel.references import reference_of
from portal.kernel.transactions import unit_of_work
from tests.factories import UserFactory, make_rollout, make_world
from tests.web.forms import fields_in

_REFERENCE = "4F7QK2M9XT0BZ"
pytestmark = pytest.mark.django_db(transaction=True)


@unit_of_work
def _happen(*parties, at, kind=EntryKind.ROLLOUT_SUSPENDED, times=1, **data):
    for _ in range(times):
        publish_entries(
            kind, parties=[party.pk for party in parties], at=at, data={"name": "Toshiba 0C230000", **data}
        )


@pytest.mark.requirement("R6.7")
def test_a_notice_is_in_the_inbox_of_each_party_concerned_and_of_no_other(now):
    world = make_world(hubs=0)
    _happen(world.supplier, at=now, reason="HAN devices lost")

    sequencer.sequence_all()

    (notice,) = queries.inbox(world.as_supplier).items
    assert notice.title == "Suspended: Toshiba 0C230000"
    assert "HAN devices lost" in notice.text
    assert notice.is_unread
    assert queries.inbox(world.as_other).items == []


@pytest.mark.requirement("R6.7")
def test_many_notices_make_one_mail(now):
    world = make_world(hubs=0)
    services.enrol_readers()
    _happen(world.supplier, at=now, times=60)
    sequencer.sequence_all()
    assert services.deliver_mail(now=now) == 0

    sent = services.deliver_mail(now=now + timedelta(minutes=3))
    again = services.deliver_mail(now=now + timedelta(minutes=6))

    assert (sent, again) == (1, 0)
    assert mail.outbox[0].to == [world.supplier_user.email]
    assert "60 notices" in mail.outbox[0].subject
    assert "and 20 more" in mail.outbox[0].body


def test_mail_that_cannot_be_sent_is_sent_later(now, monkeypatch):
    world = make_world(hubs=0)
    services.enrol_readers()
    _happen(world.supplier, at=now)
    sequencer.sequence_all()
    later = now + timedelta(minutes=3)

    with monkeypatch.context() as broken:
        broken.setattr("django.core.mail.EmailMultiAlternatives.send", _refuse)
        assert services.deliver_mail(now=later) == 0
    sent = services.deliver_mail(now=later + timedelta(minutes=6))

    assert sent == 1


def _refuse(*_args, **_kwargs):
    raise ConnectionRefusedError


@pytest.mark.requirement("R6.7")
def test_nobody_is_mailed_who_does_not_want_it(now):
    world = make_world(hubs=0)
    services.enrol_readers()
    services.prefer(world.as_supplier, mail="NEVER", now=now)
    _happen(world.supplier, at=now)
    sequencer.sequence_all()

    assert services.deliver_mail(now=now + timedelta(hours=1)) == 0


def test_hubs_are_a_suppliers_own_and_nobody_elses(now):
    world = make_world(hubs=0)
    _happen(world.supplier, world.dcc, at=now, kind=EntryKind.ROLLOUT_RESUMED, hubs=60)
    sequencer.sequence_all()

    (own,), (all_of_them,) = (queries.inbox(each).items for each in (world.as_supplier, world.operator))

    assert own.text == "It concerns 60 hubs of yours."
    assert all_of_them.text == "It concerns 60 hubs."


@pytest.mark.parametrize(
    ("kind", "data", "text"),
    [
        (EntryKind.PILOT_ENDED, {"commentary": "All well."}, "DCC writes: All well."),
        (
            EntryKind.INCIDENT_RAISED,
            {"reason": "INC-1, category 3: Lost", "title": "Lost"},
            "INC-1, category 3: Lost",
        ),
        (EntryKind.INCIDENT_UPDATED, {"title": "Lost", "comment": "We look."}, "Lost: “We look.”"),
        (EntryKind.INCIDENT_UPDATED, {"title": "Lost"}, "Lost"),
        (EntryKind.ROLLOUT_SUSPENDED, {"reason": "Too many fail."}, "Reason given: Too many fail."),
    ],
)
def test_what_somebody_writes_is_not_called_a_reason_unless_it_is_one(kind, data, text):
    assert notice_text(kind, data).text == text


def test_a_repeated_entry_writes_no_second_notice(now):
    world = make_world(hubs=0)
    entry = sequencer.CoarseEntry(
        party_id=world.supplier.pk, position=1, kind=EntryKind.DIGEST, rollout_id=None, at=now, data={}
    )
    unit_of_work(services.fan_out)([entry, entry])

    assert Message.objects.count() == 1


def test_every_coarse_kind_has_words():
    coarse = {kind for kind in EntryKind if not kind.is_about_one_hub}

    assert coarse == set(TEMPLATES)
    assert notice_text(EntryKind.ROLLOUT_STOPPED, {}).title == "Stopped"


@pytest.mark.parametrize("size", [3, 25])
def test_the_inbox_page_takes_the_same_queries_at_any_size(now, client, django_assert_num_queries, size):
    world = make_world(hubs=0)
    _happen(world.supplier, at=now, times=size)
    sequencer.sequence_all()
    client.force_login(world.supplier_user)

    with django_assert_num_queries(6):
        answer = client.get(reverse("notifications:inbox"))

    assert answer.status_code == 200
    assert b"Toshiba" in answer.content


def test_another_supplier_reads_none_of_it(now, client):
    world = make_world(hubs=0)
    _happen(world.supplier, at=now)
    sequencer.sequence_all()
    client.force_login(world.other_user)

    for name in ("notifications:inbox", "rollouts:dashboard"):
        assert b"Toshiba" not in client.get(reverse(name)).content


def test_what_was_seen_stays_seen(now, client):
    world = make_world(hubs=0)
    _happen(world.supplier, at=now, times=2)
    sequencer.sequence_all()
    client.force_login(world.supplier_user)
    newest, oldest = (notice.id for notice in queries.inbox(world.as_supplier).items)

    for up_to in (newest, oldest, "1", "9" * 40, "", "0" * 32):
        assert client.post(reverse("notifications:seen"), {"up_to": up_to}).status_code == 302

    assert queries.unread(world.as_supplier) == 0


def test_preferences_are_kept(client):
    world = make_world(hubs=0)
    client.force_login(world.supplier_user)

    client.post(reverse("notifications:preferences"), {"mail": "DAILY"})
    refused = client.post(reverse("notifications:preferences"), {"mail": "HOURLY"})

    assert queries.preferences(world.as_supplier).mail == "DAILY"
    assert refused.status_code == 422


def test_preferences_changed_in_another_tab_are_not_taken_back_unseen(client):
    world = make_world(hubs=0)
    client.force_login(world.supplier_user)
    url = reverse("notifications:preferences")
    shown = fields_in(client.get(url), ".decide decide--wide stack")
    client.post(url, {**shown, "mail": "DAILY"})

    client.post(url, {**shown, "mail": "SOON"})
    assert queries.preferences(world.as_supplier).mail == "DAILY"
    answer = client.post(url, {**shown, "mail": "NEVER"})

    assert answer.status_code == 409
    assert queries.preferences(world.as_supplier).mail == "DAILY"
    client.post(url, {**fields_in(answer, ".decide decide--wide stack"), "mail": "NEVER"})
    assert queries.preferences(world.as_supplier).mail == "NEVER"


MORNING = datetime(2030, 3, 5, 7, 0, tzinfo=UTC)


@pytest.mark.requirement("R6.7")
def test_a_daily_mail_comes_in_the_morning_with_everything_since_the_last(now):
    world = make_world(hubs=0)
    services.enrol_readers()
    services.prefer(world.as_supplier, mail="DAILY", now=now)
    _happen(world.supplier, at=now, reason="HAN devices lost")
    _happen(world.supplier, at=now, kind=EntryKind.ROLLOUT_RESUMED, times=2)
    sequencer.sequence_all()

    at_once = services.deliver_mail(now=now + timedelta(hours=3))
    early = services.deliver_mail(now=MORNING - timedelta(minutes=1))
    sent = services.deliver_mail(now=MORNING + timedelta(minutes=1))
    again = services.deliver_mail(now=MORNING + timedelta(hours=12))

    assert (at_once, early, sent, again) == (0, 0, 1, 0)
    assert mail.outbox[0].subject == "3 notices, 4 Mar 2030: Suspended: Toshiba 0C230000"
    assert "since the last daily mail" in mail.outbox[0].body


def test_a_mail_is_plain_text_that_reads_by_itself(now):
    world = make_world(hubs=0)
    rollout = make_rollout(world, now=now)
    services.enrol_readers()
    with_it = {"rollout_id": rollout.pk, "parties": [world.supplier.pk], "at": now}
    unit_of_work(publish_entries)(
        EntryKind.ROLLOUT_SUSPENDED, data={"name": rollout.name, "reason": "Lost. " * 20}, **with_it
    )
    unit_of_work(publish_entries)(EntryKind.SECOND_SUPPLIER_ANSWERED, data={"hubs": 1204}, **with_it)
    sequencer.sequence_all()

    services.deliver_mail(now=now + timedelta(minutes=3))

    (letter,) = mail.outbox
    assert letter.subject == f"2 notices: Suspended: {rollout.name}"
    assert letter.body.startswith("Communications Hub Firmware Portal\n")
    assert f"\n{rollout.name}\n{'-' * len(rollout.name)}\n" in letter.body
    assert "\n  A second Supplier has answered\n  4 Mar 2030, 10:00 GMT\n  The second Supplier" in letter.body
    assert f"/rollouts/{rollout.pk}/" in letter.body
    assert max(len(line) for line in letter.body.splitlines()) <= 80
    assert "\n\n\n" not in letter.body
    assert letter.extra_headers["Auto-Submitted"] == "auto-generated"


@pytest.mark.requirement("R6.7")
def test_whoever_wants_mail_again_is_not_sent_what_was_missed(now):
    world = make_world(hubs=0)
    services.prefer(world.as_supplier, mail="NEVER", now=now)
    _happen(world.supplier, at=now, times=5)
    sequencer.sequence_all()
    services.prefer(world.as_supplier, mail="SOON", now=now)
    _happen(world.supplier, at=now, kind=EntryKind.ROLLOUT_RESUMED)
    sequencer.sequence_all()

    services.deliver_mail(now=now + timedelta(minutes=3))

    assert [letter.subject for letter in mail.outbox] == ["Resumed: Toshiba 0C230000"]


@pytest.mark.parametrize(
    ("kind", "data", "page"),
    [
        (EntryKind.INSTRUCTION_RECEIVED, {"instruction": "INS-7"}, "/instructions/INS-7/"),
        (EntryKind.INSTRUCTION_APPLIED, {"instruction": "INS-7"}, "/instructions/INS-7/"),
        (EntryKind.RULE_RAN, {"instructions": ["INS-7"]}, "/instructions/INS-7/"),
        (EntryKind.RULE_RAN, {"instructions": ["INS-7", "INS-8"]}, "/instructions/?rollout={rollout}"),
        (EntryKind.SECOND_SUPPLIER_ANSWERED, {"hubs": 3}, "/rollouts/{rollout}/"),
        (EntryKind.INCIDENT_RAISED, {"incident": _REFERENCE}, f"/incidents/{_REFERENCE}/"),
        (EntryKind.INCIDENT_RAISED, {}, "/incidents/?rollout={rollout}&status=all"),
        (EntryKind.DECISION_RECOMMENDED, {}, "/rollouts/{rollout}/decision/"),
    ],
)
def test_a_notice_leads_to_what_it_is_about(now, kind, data, page):
    world = make_world(hubs=0)
    rollout = make_rollout(world, now=now)
    unit_of_work(publish_entries)(kind, parties=[world.supplier.pk], at=now, rollout_id=rollout.pk, data=data)
    sequencer.sequence_all()

    (notice,) = queries.inbox(world.as_supplier).items

    assert notice.url == page.format(rollout=rollout.pk)


def test_a_mail_leads_to_the_receipt_and_to_the_update(now):
    world = make_world(hubs=0)
    rollout = make_rollout(world, now=now)
    services.enrol_readers()
    notices = {"instruction": "INS-7", "accepted": 3, "rejected": 1}
    unit_of_work(publish_entries)(
        EntryKind.INSTRUCTION_APPLIED,
        parties=[world.supplier.pk],
        at=now,
        rollout_id=rollout.pk,
        data=notices,
    )
    sequencer.sequence_all()

    services.deliver_mail(now=now + timedelta(minutes=3))

    (letter,) = mail.outbox
    assert "\n  http://127.0.0.1:8000/instructions/INS-7/\n" in letter.body
    assert f"See http://127.0.0.1:8000/rollouts/{rollout.pk}/" in letter.body
    (html, _) = letter.alternatives[0]
    assert '<a href="http://127.0.0.1:8000/instructions/INS-7/">Instruction INS-7 applied</a>' in html
    buttons = re.findall(r'<a href="([^"]+)" style="display:inline-block[^"]*">([^<]+)</a>', html)
    assert buttons == [("http://127.0.0.1:8000/instructions/INS-7/", "Open it in the portal")]


@pytest.mark.requirement("R6.7")
def test_what_is_for_one_person_is_in_nobody_elses_inbox_and_mail(now):
    world = make_world(hubs=0)
    colleague = UserFactory(organisation=world.supplier)
    services.enrol_readers()
    data = {
        "file": reference_of(12, "estate_file"),
        "person": reference_of(world.supplier_user.pk, "person"),
        "form": "csv",
        "hubs": 41_220,
        "size": 3_000_000,
    }
    unit_of_work(publish_entries)(EntryKind.EXPORT_READY, parties=[world.supplier.pk], at=now, data=data)
    unit_of_work(publish_entries)(
        EntryKind.EXPORT_FAILED,
        parties=[world.supplier.pk],
        at=now,
        data={**data, "person": reference_of(colleague.pk, "person"), "reason": "Take the CSV file."},
    )
    sequencer.sequence_all()

    (own,) = queries.inbox(world.as_supplier).items
    (its,) = queries.inbox(Scope.of(colleague)).items
    sent = services.deliver_mail(now=now + timedelta(minutes=3))

    assert (own.title, own.url) == (
        "Your file of the estate is ready",
        f"/estate/files/{reference_of(12, 'estate_file')}/",
    )
    assert own.text.startswith("The CSV file holds 41,220 hubs (2.9 MB).")
    assert (its.text, its.url) == ("Take the CSV file.", "/estate/files/")
    assert queries.unread(world.as_supplier) == queries.unread(Scope.of(colleague)) == 1
    assert queries.inbox(Scope.system(world.supplier.pk)).items == []
    assert sent == 2
    assert {(letter.to[0], letter.subject) for letter in mail.outbox} == {
        (world.supplier_user.email, "Your file of the estate is ready"),
        (colleague.email, "Your file of the estate was not written"),
    }


def test_who_looks_at_notices_before_the_first_mail_is_not_sent_the_past(now):
    world = make_world(hubs=0)
    _happen(world.supplier, at=now, times=5)
    sequencer.sequence_all()
    services.mark_seen(world.as_supplier, up_to=Message(pk=1).ident)

    assert services.deliver_mail(now=now + timedelta(minutes=3)) == 0
