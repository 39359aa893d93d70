"""What the portal sends and refuses, judged by xmllint and xmlsec1: neither knows anything of our code."""

from __future__ import annotations

import shutil
import subprocess

import pytest
from lxml import etree

from rollouts.service_requests.reading import SCHEMAS
from tests.service_requests.messages import issue, pem, read_version, signed, update
from tests.service_requests.reporting import report, report_reading
from tests.service_requests.tampering import BYTES, EDITS, edited, good

pytestmark = pytest.mark.django_db(transaction=True)
XMLLINT, XMLSEC = shutil.which("xmllint"), shutil.which("xmlsec1")
SCHEMA = SCHEMAS / "messages-1.0.xsd"
DS = "{http://www.w3.org/2000/09/xmldsig#}"


def is_by_schema(path) -> bool:
    command = [XMLLINT, "--nonet", "--noout", "--schema", SCHEMA, path]
    return subprocess.run(command, check=False, capture_output=True).returncode == 0


def is_signed_by(path, signer) -> bool:
    (path.parent / "certificate.pem").write_text(pem(signer))
    command = [XMLSEC, "--verify", "--pubkey-cert-pem", path.parent / "certificate.pem", path]
    return subprocess.run(command, check=False, capture_output=True).returncode == 0


@pytest.fixture
def sent(stage, now) -> dict[str, bytes]:
    """One of each kind of message the portal sends: as answers, and each taken out of its page."""
    answers = {
        "acknowledgement": stage.supplier.post(
            signed(update([stage.guid(0), stage.guid(17)]), stage.supplier.signer)
        ).content,
        "fault": stage.supplier.post(
            signed(update([stage.guid(0)], counter=2, version="0C999999"), stage.supplier.signer)
        ).content,
    }
    stage.supplier.send(read_version(stage.guid(0), counter=3))
    report_reading(stage, stage.guid(0), firmware_version="0C220000")
    report(stage, now, stage.guid(1), "0x8F66", firmware_version="0C230000")
    page = stage.supplier.fetch().content
    answers["page"] = page
    for message in etree.fromstring(page):
        kind = etree.QName(message.find("{*}Body")[0]).localname
        answers[kind] = etree.tostring(message, with_tail=False)
    return answers


@pytest.mark.requirement("R6.6")
@pytest.mark.skipif(not XMLLINT, reason="no xmllint")
def test_xmllint_finds_all_that_is_sent_by_the_schema(sent, tmp_path):
    assert set(sent) == {
        "acknowledgement",
        "fault",
        "page",
        "UpdateFirmwareResult",
        "ReadFirmwareVersionResult",
        "DCCAlertMessage",
    }
    for kind, message in sent.items():
        (tmp_path / "message.xml").write_bytes(message)
        assert is_by_schema(tmp_path / "message.xml"), kind


@pytest.mark.requirement("R6.6")
@pytest.mark.skipif(not XMLSEC, reason="no xmlsec1")
def test_xmlsec_finds_all_that_is_sent_signed_by_the_portal_alone(sent, stage, tmp_path):
    stranger = issue("Stranger", stage.authority.root)
    for kind, message in sent.items():
        if kind == "page":  # a page is not signed: each message in it is
            continue
        (tmp_path / "message.xml").write_bytes(message)
        assert is_signed_by(tmp_path / "message.xml", stage.authority.portal), kind
        assert not is_signed_by(tmp_path / "message.xml", stranger), kind
        (tmp_path / "message.xml").write_bytes(message.replace(b"90-B3", b"90-B4", 1))
        assert not is_signed_by(tmp_path / "message.xml", stage.authority.portal), kind


@pytest.mark.skipif(not XMLLINT, reason="no xmllint")
@pytest.mark.parametrize("attack", [name for name, (_, code) in EDITS.items() if code in {"EP02", "EP10"}])
def test_xmllint_refuses_by_the_schema_what_the_portal_does(stage, attack, tmp_path):
    change, code = EDITS[attack]
    (tmp_path / "message.xml").write_bytes(edited(good(stage), change))

    assert is_by_schema(tmp_path / "message.xml") == (code == "EP10")


@pytest.mark.skipif(not XMLSEC, reason="no xmlsec1")
@pytest.mark.parametrize("attack", [name for name, (_, code) in {**EDITS, **BYTES}.items() if code == "EP10"])
def test_xmlsec_refuses_the_signatures_the_portal_does(stage, attack, tmp_path):
    message = good(stage)
    changed = edited(message, EDITS[attack][0]) if attack in EDITS else BYTES[attack][0](message)
    (tmp_path / "message.xml").write_bytes(message)
    assert is_signed_by(tmp_path / "message.xml", stage.supplier.signer)

    (tmp_path / "message.xml").write_bytes(changed)

    assert not is_signed_by(tmp_path / "message.xml", stage.supplier.signer)


@pytest.mark.requirement("R6.6")
@pytest.mark.skipif(not XMLLINT, reason="no xmllint")
@pytest.mark.parametrize(("ids", "is_fine"), [(50_000, True), (50_001, False)])
def test_xmllint_counts_50_000_ids_and_not_one_more(stage, ids, is_fine, tmp_path):
    message = signed(update([stage.guid(0)] * ids), stage.supplier.signer)
    (tmp_path / "message.xml").write_bytes(message)

    assert is_by_schema(tmp_path / "message.xml") is is_fine
