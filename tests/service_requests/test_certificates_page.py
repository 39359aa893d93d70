"""People upload, accept and revoke certificates on a page, and look at the messages that came."""

from __future__ import annotations

import pytest
from django.test import Client

from portal.identity.models import User
from portal.kernel.references import reference_of
from rollouts.models import SigningCertificate
from tests.factories import UserFactory
from tests.service_requests.messages import DCC, USER, checked, issue, pem, read_version, signed, update

pytestmark = [pytest.mark.django_db]
PAGE = "/certificates/"
LISTED = "Body/UpdateFirmwareResult/UpdateFirmwareWarning/InvalidDeviceIDList"


def browser(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


@pytest.fixture
def admin(stage) -> Client:
    return browser(User.objects.get(pk=stage.supplier.admin.user_id))


@pytest.fixture
def operator(stage) -> Client:
    return browser(stage.world.operator_user)


@pytest.mark.requirement("R6.6")
def test_a_certificate_is_uploaded_accepted_used_and_revoked(stage, admin, operator):
    new = issue(USER, stage.authority.root)

    uploaded = admin.post(f"{PAGE}upload/", {"user_id": USER, "pem": pem(new)}, follow=True)
    number = SigningCertificate.objects.latest("pk").pk
    accepted = operator.post(f"{PAGE}{reference_of(number, 'certificate')}/accept/", follow=True)
    taken = stage.supplier.post(signed(update([stage.guid(0)]), new))
    revoked = admin.post(f"{PAGE}{reference_of(number, 'certificate')}/revoke/", follow=True)
    refused = stage.supplier.post(signed(update([stage.guid(0)], counter=2), new))

    assert b"Waits for the DCC" in uploaded.content
    assert DCC.encode() in uploaded.content
    assert b"Accepted. The certificate counts from now on." in accepted.content
    assert b"Revoked. The certificate no longer counts." in revoked.content
    assert (taken.status_code, refused.status_code) == (202, 403)


def test_what_is_no_certificate_is_refused_beside_the_form(stage, admin):
    answer = admin.post(f"{PAGE}upload/", {"user_id": USER, "pem": "nonsense"})

    assert answer.status_code == 422
    assert b"Send one certificate in PEM." in answer.content
    assert SigningCertificate.objects.count() == 2


def test_both_messages_come_back_as_they_were(stage, admin):
    message = signed(update([stage.guid(0)], counter=77), stage.supplier.signer)
    answer = stage.supplier.post(message)

    page = admin.get(PAGE).content.decode()
    request_url, answer_url = (page.split(f'"{PAGE}messages/')[n].split('"')[0] for n in (1, 2))

    assert ">77<" in page
    assert admin.get(f"{PAGE}messages/{request_url}").content == message
    assert admin.get(f"{PAGE}messages/{answer_url}").content == answer.content


def test_the_response_is_there_for_the_supplier_and_the_dcc(stage, admin, operator):
    stage.supplier.send(update([stage.guid(0), stage.guid(17)], counter=78))
    (sent,) = stage.supplier.messages()

    path = admin.get(PAGE).content.decode().split(f'"{PAGE}messages/')[3].split('"')[0]
    files = [browser.get(f"{PAGE}messages/{path}") for browser in (admin, operator)]

    for file in files:
        response = checked(file.content, stage.authority.portal)
        assert response.text("Header/ResponseID") == sent.text("Header/ResponseID")
        assert response.text(LISTED) == sent.text(LISTED) == stage.guid(17)


def test_there_is_no_response_before_a_hub_has_answered(stage, admin):
    stage.supplier.send(read_version(stage.guid(0)))

    page = admin.get(PAGE).content.decode()
    path = page.split(f'"{PAGE}messages/')[1].split("/request")[0]

    assert "Download the response" not in page
    assert admin.get(f"{PAGE}messages/{path}/response").status_code == 404


def test_another_supplier_sees_neither_certificate_nor_message(stage, admin):
    stage.supplier.post(signed(update([stage.guid(9)]), stage.supplier.signer))
    number = SigningCertificate.objects.get(pk=stage.supplier.certificate_id)
    other = browser(User.objects.get(pk=stage.other.admin.user_id))

    page = other.get(PAGE).content.decode()
    path = admin.get(PAGE).content.decode().split(f'"{PAGE}messages/')[1].split('"')[0]

    assert USER not in page
    assert number.serial not in page
    assert other.get(f"{PAGE}messages/{path}").status_code == 404
    assert other.post(f"{PAGE}{reference_of(number.pk, 'certificate')}/revoke/").status_code == 404
    assert other.post(f"{PAGE}{reference_of(number.pk, 'certificate')}/accept/").status_code == 403


def test_who_may_only_look_changes_nothing(stage):
    viewer = browser(UserFactory(organisation=stage.world.supplier, roles=["SUPPLIER_VIEWER"]))

    assert viewer.get(PAGE).status_code == 200
    assert viewer.post(f"{PAGE}upload/", {"user_id": USER, "pem": "x"}).status_code == 403
    assert (
        viewer.post(f"{PAGE}{reference_of(stage.supplier.certificate_id, 'certificate')}/revoke/").status_code
        == 403
    )


def test_the_page_is_for_suppliers_and_the_dcc(stage, operator):
    assert stage.world.supplier.name in operator.get(PAGE).content.decode()
    assert browser(stage.world.csp_user).get(PAGE).status_code == 403
    assert browser(stage.world.panel_user).get(PAGE).status_code == 403
