"""Every route of the Service Requests from the other Supplier's seat, and from one that has lost its hub."""

from __future__ import annotations

import pytest
from django.test import Client
from django.urls import get_resolver, reverse

from portal.identity.models import User
from rollouts.models import Command, Hub, Instruction, ServiceRequest, SigningCertificate
from tests.service_requests.messages import (
    OTHER_USER,
    USER,
    checked,
    issue,
    pem,
    read_version,
    signed,
    update,
)

pytestmark = pytest.mark.django_db
UNKNOWN_USER, UNKNOWN_HUB = "90-B3-D5-1F-30-09-00-00", "FF-FF-FF-FF-FF-FF-FF-01"


@pytest.fixture
def number(stage) -> int:
    """A message of the first Supplier's."""
    stage.supplier.post(signed(update([stage.guid(0)]), stage.supplier.signer))
    return int(ServiceRequest.objects.get().pk)


@pytest.fixture
def browser(stage) -> Client:
    """The other Supplier's administrator."""
    client = Client()
    client.force_login(User.objects.get(pk=stage.other.admin.user_id))
    return client


def of_requests(stage, number, browser):
    """Ask in the name of the first Supplier, and with its very message: as for a User ID that is none."""
    message = ServiceRequest.objects.get().body
    assert message
    foreign = stage.other.send(update([stage.guid(17)], counter=2, user=USER))
    unknown = stage.other.send(update([stage.guid(17)], counter=2, user=UNKNOWN_USER))
    assert (foreign.code, foreign.text("Body/Fault/Text")) == (unknown.code, unknown.text("Body/Fault/Text"))
    for guid in (stage.guid(0), UNKNOWN_HUB):
        stage.other.send(update([guid, stage.guid(17)], counter=3 + (guid == UNKNOWN_HUB), user=OTHER_USER))
    responses = [each.root for each in stage.other.messages()]
    lists = [root.findtext(".//{*}InvalidDeviceIDList") for root in responses]
    assert lists == [stage.guid(0), UNKNOWN_HUB]
    readings = [
        stage.other.send(read_version(guid, counter=9 + place, user=OTHER_USER))
        for place, guid in enumerate((stage.guid(0), UNKNOWN_HUB))
    ]
    assert {reading.code for reading in readings} == {"E4"}
    assert len({reading.text("Body/Fault/Text") for reading in readings}) == 1
    assert not Command.objects.exists()


def of_messages(stage, number, browser):
    foreign, unknown = stage.other.fetch(user=USER), stage.other.fetch(user=UNKNOWN_USER)
    assert (foreign.status_code, foreign.json()["detail"]) == (404, unknown.json()["detail"])
    assert USER.encode() not in stage.other.fetch().content


def of_the_schema(stage, number, browser):
    assert browser.get(reverse("service-requests:service-request-schema", args=["messages-1.0.xsd"])).content


def of_certificates(stage, number, browser):
    page = browser.get(reverse("rollouts:certificates")).content.decode()
    serials = SigningCertificate.objects.filter(organisation=stage.world.supplier).values_list(
        "serial", flat=True
    )
    assert OTHER_USER in page
    assert not any(secret in page for secret in (USER, stage.world.supplier.name, *serials))


def of_uploads(stage, number, browser):
    typed = {"user_id": USER, "pem": pem(issue(USER, stage.authority.root))}
    before = SigningCertificate.objects.count()
    assert browser.post(reverse("rollouts:certificate-upload"), typed).status_code == 422
    assert SigningCertificate.objects.count() == before


def of_accepting(stage, number, browser):
    path = reverse("rollouts:certificate-accept", args=[stage.supplier.certificate_id])
    assert browser.post(path).status_code == 403


def of_revoking(stage, number, browser):
    foreign, unknown = (
        browser.post(reverse("rollouts:certificate-revoke", args=[each]))
        for each in (stage.supplier.certificate_id, 999_999)
    )
    assert (foreign.status_code, unknown.status_code) == (404, 404)
    assert SigningCertificate.objects.get(pk=stage.supplier.certificate_id).revoked_at is None


def of_files(stage, number, browser):
    for part in ("request", "answer", "response"):
        foreign, unknown = (
            browser.get(reverse("rollouts:service-message", args=[each, part])) for each in (number, 999_999)
        )
        assert (foreign.status_code, unknown.status_code) == (404, 404)


ROUTES = {
    "requests": of_requests,
    "messages": of_messages,
    "service-request-schema": of_the_schema,
    "certificates": of_certificates,
    "certificate-upload": of_uploads,
    "certificate-accept": of_accepting,
    "certificate-revoke": of_revoking,
    "service-message": of_files,
}


def names_of(resolver) -> set[str]:
    """Return the names of all addresses of a resolver that speak of certificates or messages."""
    names: set[str] = set()
    for each in resolver.url_patterns:
        if hasattr(each, "url_patterns"):
            names |= names_of(each)
        elif "service_requests" in each.lookup_str or "web.instructions.certificates" in each.lookup_str:
            names.add(each.name)
    return names


def test_every_route_is_tried():
    assert names_of(get_resolver()) == set(ROUTES)


@pytest.mark.parametrize("name", ROUTES)
def test_the_other_supplier_learns_and_changes_nothing(stage, number, browser, name):
    ROUTES[name](stage, number, browser)

    assert Instruction.objects.filter(organisation_id=stage.world.supplier.pk).count() == 1


@pytest.mark.requirement("R3.11")
def test_who_has_lost_a_hub_is_answered_as_if_there_were_none(stage, number):
    Hub.objects.filter(guid=stage.world.guid(0)).update(
        import_supplier=stage.world.other, gas_supplier=stage.world.other
    )

    answers = [
        checked(
            stage.supplier.post(signed(read_version(guid, counter=place), stage.supplier.signer)).content,
            stage.authority.portal,
        )
        for place, guid in enumerate((stage.guid(0), UNKNOWN_HUB), 5)
    ]

    assert {answer.code for answer in answers} == {"E4"}
    assert len({answer.text("Body/Fault/Text") for answer in answers}) == 1
