"""No name of any kind is kept with a control character, and one letter that cannot be sent stops no other."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.apps import apps
from django.core import mail
from django.db import models

from notifications import services
from notifications.models import Message
from portal.accounts import people
from portal.identity.models import Organisation
from portal.identity.roles import Role
from portal.kernel.lines import check_kept
from portal.kernel.refusals import BadInput
from rollouts.models import Batch, Incident
from tests.factories import make_rollout, make_world

pytestmark = [pytest.mark.django_db]

BROKEN = "Northern\nBcc: everybody@example.org"


def lines_of_every_kind():
    """Every column of one line in every table of the project and of the accounts it stands on."""
    for model in apps.get_models():
        for field in model._meta.concrete_fields:
            if isinstance(field, models.CharField):
                yield pytest.param(model, field.attname, id=f"{model._meta.label}.{field.attname}")


@pytest.mark.parametrize(("model", "name"), list(lines_of_every_kind()))
def test_a_line_of_any_kind_is_refused_before_it_is_kept(model, name):
    with pytest.raises(BadInput):
        check_kept(model, model(**{name: BROKEN}))


def test_what_services_keep_is_held_to_it(now):
    world = make_world()
    rollout = make_rollout(world, now=now)

    for keep in (
        lambda: Organisation.objects.create(name=BROKEN),
        lambda: Batch.objects.create(rollout=rollout, kind="SAFE_LAUNCH", position=5, name=BROKEN),
        lambda: Incident.objects.create(
            rollout=rollout,
            organisation_id=1,
            category=1,
            title=BROKEN,
            **dict.fromkeys(("raised_at", "respond_by", "resolve_by", "status_at"), now),
        ),
        lambda: people.invite(
            world.as_supplier, email="x@y.example", name=BROKEN, roles=[Role.SUPPLIER_VIEWER], now=now
        ),
    ):
        with pytest.raises(BadInput, match="one line"):
            keep()


@pytest.mark.requirement("R6.7")
def test_a_letter_that_cannot_be_written_stops_no_other(now, monkeypatch):
    world = make_world(hubs=0)
    services.enrol_readers()
    for position, organisation in enumerate((world.dcc, world.supplier, world.other)):
        Message.objects.create(
            organisation_id=organisation.pk, position=position, kind=160, at=now, title="A rule ran"
        )
    send = services._send

    def breaking(letter, *, now):
        if letter.address == world.operator_user.email:
            raise ValueError("Header values can't contain newlines")
        return send(letter, now=now)

    monkeypatch.setattr(services, "_send", breaking)
    sent = services.deliver_mail(now=now + timedelta(hours=1))

    assert sent == 2
    assert {to for message in mail.outbox for to in message.to} == {
        world.supplier_user.email,
        world.other_user.email,
    }


def test_a_title_kept_by_others_cannot_add_a_header(now):
    world = make_world(hubs=0)
    services.enrol_readers()
    Message.objects.bulk_create(
        [Message(organisation_id=world.supplier.pk, position=1, kind=160, at=now, title=BROKEN)]
    )

    assert services.deliver_mail(now=now + timedelta(hours=1)) == 1
    assert mail.outbox[0].subject == "Northern Bcc: everybody@example.org"
