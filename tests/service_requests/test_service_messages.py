"""What is fetched: alerts of activated hubs, versions that were read; and the schema, judged by others too."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest
from lxml import etree

from rollouts.models import Hub
from rollouts.service_requests.codes import LISTS, ResponseCode
from rollouts.service_requests.reading import SCHEMAS, parse_message
from tests.service_requests.messages import (
    DCC,
    OTHER_USER,
    USER,
    checked,
    key_pem,
    pem,
    read_version,
    signed,
    update,
)
from tests.service_requests.reporting import report, report_reading

XMLLINT, XMLSEC = shutil.which("xmllint"), shutil.which("xmlsec1")
EXAMPLES = sorted((Path(__file__).parents[2] / "docs" / "examples" / "service-requests").glob("*.xml"))


@pytest.mark.requirement("R4.7", "R6.6")
@pytest.mark.django_db(transaction=True)
def test_each_supplier_of_an_activated_hub_gets_a_signed_alert_of_its_own(stage, now):
    report(stage, now, stage.guid(9), "0x8F66", firmware_version="0C230000")

    (mine,) = stage.supplier.messages()
    (theirs,) = stage.other.messages()

    alert = "Body/DCCAlertMessage/DCCAlert/CommsHubFirmwareActivation"
    for message, user in ((mine, USER), (theirs, OTHER_USER)):
        assert message.code == "I0"
        assert message.text("Header/RequestID") is None
        assert str(message.text("Header/ResponseID")).startswith(f"{DCC}:{user}:9223372036854775")
        assert message.text("Body/DCCAlertMessage/DCCAlertCode") == "N64"
        assert message.text(f"{alert}/DeviceID") == stage.guid(9)
        assert message.text(f"{alert}/FirmwareVersion") == "0C230000"


@pytest.mark.requirement("R3.11", "R4.7", "R6.6")
@pytest.mark.django_db(transaction=True)
def test_who_has_lost_a_hub_hears_no_more_of_it(stage, now):
    stage.supplier.send(read_version(stage.guid(0)))
    Hub.objects.filter(guid=stage.world.guid(0)).update(
        import_supplier=stage.world.other, gas_supplier=stage.world.other
    )

    report(stage, now, stage.guid(0), "0x8F66", firmware_version="0C230000")
    refused = stage.supplier.send(read_version(stage.guid(0), counter=2))

    assert refused.code == "E4"
    assert stage.supplier.messages() == []
    assert len(stage.other.messages()) == 1


@pytest.mark.requirement("R4.8", "R6.6")
@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(("version", "code"), [("0C220000", "I0"), (None, "E21")])
def test_what_a_hub_answered_when_read_answers_the_request_once(stage, version, code):
    stage.supplier.send(read_version(stage.guid(0), counter=5))
    answer = {"firmware_version": version} if version else {"reason": "NO_RESPONSE"}

    report_reading(stage, stage.guid(0), **answer)

    (first,), (again,) = stage.supplier.messages(), stage.supplier.messages()
    assert (first.code, first.text("Header/ResponseID")) == (code, f"{stage.guid(0)}:{USER}:5")
    assert first.text("Body/ReadFirmwareVersionResult/FirmwareVersion") == version
    assert again.text("Header/ResponseID") == first.text("Header/ResponseID")
    assert stage.other.messages() == []


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_examples_are_by_the_schema(path):
    parse_message(path.read_bytes())


def test_there_is_an_example_of_each_kind_of_message():
    kinds = {element.tag.split("}")[1] for path in EXAMPLES for element in etree.parse(path).iter()}

    assert kinds >= {
        "ActivationDateTime",
        "Agree",
        "Decline",
        "Withdraw",
        "ReadFirmwareVersion",
        "Acknowledgement",
        "Fault",
        "UpdateFirmwareWarning",
        "ReadFirmwareVersionResult",
        "CommsHubFirmwareActivation",
        "Signature",
    }


def test_the_reference_explains_every_code_list_and_kind_of_message():
    page = (Path(__file__).parents[2] / "docs" / "reference" / "service-requests.md").read_text()
    words = [*ResponseCode, *LISTS, "UpdateFirmwareResult", "ReadFirmwareVersionResult"]

    assert [word for word in words if f"| `{word}` |" not in page] == []
    assert "`CommsHubFirmwareActivation` |" in page


@pytest.mark.skipif(not XMLLINT, reason="no xmllint")
@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_xmllint_agrees_on_the_examples(path):
    subprocess.run(
        [XMLLINT, "--nonet", "--noout", "--schema", SCHEMAS / "messages-1.0.xsd", path],
        check=True,
        capture_output=True,
    )


@pytest.mark.requirement("R6.6")
@pytest.mark.skipif(not XMLSEC, reason="no xmlsec1")
def test_xmlsec_agrees_on_our_signatures(authority, tmp_path):
    (tmp_path / "message.xml").write_bytes(signed(update(["00-DB-12-34-00-00-00-00"]), authority.portal))
    (tmp_path / "certificate.pem").write_text(pem(authority.portal))

    subprocess.run(
        [XMLSEC, "--verify", "--pubkey-cert-pem", tmp_path / "certificate.pem", tmp_path / "message.xml"],
        check=True,
        capture_output=True,
    )


@pytest.mark.requirement("R6.6")
@pytest.mark.skipif(not XMLSEC, reason="no xmlsec1")
@pytest.mark.django_db
def test_what_xmlsec_signs_is_taken(stage, tmp_path):
    """The template is a message of ours without its values: xmlsec fills in digest and signature."""
    root = etree.fromstring(signed(update([stage.guid(0)]), stage.supplier.signer))
    for name in ("DigestValue", "SignatureValue"):
        next(root.iter(f"{{*}}{name}")).text = None
    (tmp_path / "template.xml").write_bytes(etree.tostring(root))
    (tmp_path / "users_key.pem").write_bytes(key_pem(stage.supplier.signer))
    (tmp_path / "users.pem").write_text(pem(stage.supplier.signer))
    key = f"{tmp_path / 'users_key.pem'},{tmp_path / 'users.pem'}"

    message = subprocess.run(
        [XMLSEC, "--sign", "--privkey-pem", key, tmp_path / "template.xml"], check=True, capture_output=True
    ).stdout

    answer = checked(stage.supplier.post(message).content, stage.authority.portal)
    assert answer.code == "I99", answer.text("Body/Fault/Text")
