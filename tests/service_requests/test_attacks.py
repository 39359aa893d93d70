"""What an attacker sends: each is answered with a code, nothing of it is done, and nothing fails.

Whoever sends has a token: without one nobody gets as far as the XML.
"""

from __future__ import annotations

import base64
import copy
import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from lxml import etree
from signxml import CanonicalizationMethod, DigestAlgorithm, SignatureMethod, XMLSigner

from portal.identity.models import UserIdentifier
from portal.kernel.refusals import NotFound
from rollouts import services
from rollouts.models import Instruction, ServiceRequest
from rollouts.rules.certificates import NotASigningCertificate
from rollouts.rules.identifiers import parse_user_id
from rollouts.service_requests.reading import NAMESPACE
from rollouts.service_requests.signatures import _key_info
from tests.service_requests.conftest import XmlStage
from tests.service_requests.messages import DCC, OTHER_USER, USER, checked, issue, pem, signed, update

pytestmark = [pytest.mark.requirement("R6.6"), pytest.mark.django_db]
DS = "http://www.w3.org/2000/09/xmldsig#"
SUBSET = "<!DOCTYPE r [{}]>"


def good(stage: XmlStage, **changes: object) -> bytes:
    return signed(update([stage.guid(0)], **changes), stage.supplier.signer)  # type: ignore[arg-type]


def after_declaration(message: bytes, text: str) -> bytes:
    return re.sub(rb"\?>\s*", b"?>\n" + text.encode(), message, count=1)


def bomb(message: bytes) -> bytes:
    layers = "".join(
        f'<!ENTITY a{n} "{f"&a{n - 1};" * 10}">' if n else '<!ENTITY a0 "ha">' for n in range(10)
    )
    return after_declaration(message, SUBSET.format(layers)).replace(b"0C230000", b"&a9;")


def edited(message: bytes, change: Callable[[etree._Element], object]) -> bytes:
    root = etree.fromstring(message)
    changed = change(root)
    return etree.tostring(changed if isinstance(changed, etree._Element) else root)


def signature(root: etree._Element) -> etree._Element:
    found = root.find(f"{{{DS}}}Signature")
    assert found is not None
    return found


def find(root: etree._Element, name: str) -> etree._Element:
    return next(root.iter(f"{{*}}{name}"))


def evil(root: etree._Element) -> etree._Element:
    """The same request, of everything."""
    other = copy.deepcopy(root)
    find(other, "DeviceIDList").text = "00-DB-12-34-00-00-00-01"
    return other


def wrapped_in_root(root: etree._Element) -> etree._Element:
    """The signed request stands within another, which is read by whoever looks at the root."""
    other = evil(root)
    other.append(root)
    return other


def wrapped_in_body(root: etree._Element) -> etree._Element:
    other = evil(root)
    find(other, "Body").append(root)
    return other


def wrapped_in_object(root: etree._Element) -> etree._Element:
    other = evil(root)
    etree.SubElement(signature(other), f"{{{DS}}}Object").append(root)
    return other


def by_reference(root: etree._Element) -> etree._Element:
    """The reference names a part by its Id."""
    find(root, "Reference").set("URI", "#part")
    find(root, "Header").set("Id", "part")
    return root


def two_bodies(root: etree._Element) -> etree._Element:
    body = find(root, "Body")
    body.addprevious(copy.deepcopy(body))
    return root


def two_signatures(root: etree._Element) -> etree._Element:
    root.append(copy.deepcopy(signature(root)))
    return root


def signature_moved(root: etree._Element) -> etree._Element:
    find(root, "Header").append(signature(root))
    return root


def commented(root: etree._Element) -> etree._Element:
    ids = find(root, "DeviceIDList")
    text = ids.text or ""
    ids.text = text[:23]
    comment = etree.Comment("x")
    ids.append(comment)
    comment.tail = text[23:] or ",00-DB-12-34-00-00-00-01"
    return root


def instructed(root: etree._Element) -> etree._Element:
    find(root, "Body").append(etree.ProcessingInstruction("run", "this"))
    return root


def algorithm(name: str, value: str) -> Callable[[etree._Element], None]:
    return lambda root: find(root, name).set("Algorithm", value)


def text(name: str, value: str) -> Callable[[etree._Element], None]:
    def change(root: etree._Element) -> None:
        find(root, name).text = value

    return change


def removed(name: str) -> Callable[[etree._Element], None]:
    def change(root: etree._Element) -> None:
        element = find(root, name)
        element.getparent().remove(element)  # type: ignore[union-attr]

    return change


def more_transforms(root: etree._Element) -> None:
    transforms = find(root, "Transforms")
    etree.SubElement(transforms, f"{{{DS}}}Transform").set(
        "Algorithm", "http://www.w3.org/TR/1999/REC-xslt-19991116"
    )


def key_in_message(root: etree._Element) -> None:
    data = find(root, "X509Data")
    etree.SubElement(data, f"{{{DS}}}X509Certificate").text = "MIIB"


BYTES: dict[str, tuple[Callable[[bytes], bytes], str]] = {
    "external entity": (
        lambda m: after_declaration(m, SUBSET.format('<!ENTITY x SYSTEM "file:///etc/passwd">')).replace(
            b"0C230000", b"&x;"
        ),
        "EP01",
    ),
    "external entity over http": (
        lambda m: after_declaration(m, SUBSET.format('<!ENTITY x SYSTEM "http://127.0.0.1:1/">')),
        "EP01",
    ),
    "parameter entity": (
        lambda m: after_declaration(m, SUBSET.format('<!ENTITY % x SYSTEM "file:///etc/passwd"> %x;')),
        "EP01",
    ),
    "external document type": (
        lambda m: after_declaration(m, '<!DOCTYPE r SYSTEM "http://127.0.0.1:1/">'),
        "EP01",
    ),
    "empty document type": (lambda m: after_declaration(m, "<!DOCTYPE r>"), "EP01"),
    "entity bomb": (bomb, "EP01"),
    "quadratic bomb": (
        lambda m: after_declaration(m, SUBSET.format(f'<!ENTITY a "{"x" * 50_000}">')).replace(
            b"0C230000", b"&a;" * 100
        ),
        "EP01",
    ),
    "unknown entity": (lambda m: m.replace(b"0C230000", b"&nbsp;"), "EP01"),
    "comment before": (lambda m: after_declaration(m, "<!-- x -->"), "EP01"),
    "comment after": (lambda m: m + b"<!-- x -->", "EP01"),
    "instruction before": (lambda m: after_declaration(m, '<?xml-stylesheet href="x"?>'), "EP01"),
    "instruction after": (lambda m: m + b"<?run this?>", "EP01"),
    "blank": (lambda _: b" ", "EP01"),
    "no XML": (lambda _: b'{"guids": []}', "EP01"),
    "truncated": (lambda m: m[: len(m) // 2], "EP01"),
    "last octet lost": (lambda m: m[:-1], "EP01"),
    "doubled": (lambda m: m + m, "EP01"),
    "doubled root": (lambda m: m + m.split(b"?>", 1)[1], "EP01"),
    "text after": (lambda m: m + b"x", "EP01"),
    "UTF-16": (lambda m: m.decode().replace("UTF-8", "UTF-16").encode("utf-16"), "EP01"),
    "said to be UTF-16": (lambda m: m.replace(b"UTF-8", b"UTF-16", 1), "EP01"),
    "UTF-7": (lambda m: m.replace(b"UTF-8", b"UTF-7", 1), "EP01"),
    "EBCDIC": (lambda m: m.decode().replace("UTF-8", "IBM037").encode("cp037"), "EP01"),
    "Latin-1": (lambda m: m.replace(b"UTF-8", b"ISO-8859-1", 1).replace(b"Toshiba", b"Tosh\xedba"), "EP01"),
    "bad UTF-8": (lambda m: m.replace(b"Toshiba", b"Tosh\xc0\xafba"), "EP01"),
    "byte order mark": (lambda m: b"\xef\xbb\xbf" + m, "EP01"),
    "NUL": (lambda m: m.replace(b"Toshiba", b"Tosh\0ba"), "EP01"),
    "XML 1.1": (lambda m: m.replace(b"'1.0'", b"'1.1'", 1), "EP01"),
    "very deep": (lambda _: b"<a>" * 100_000, "EP01"),
    "too large": (lambda m: m.replace(b"Toshiba", b"T" * (2 * 1024 * 1024)), "EP03"),
    "other namespace": (lambda m: m.replace(NAMESPACE.encode(), b"urn:other"), "EP02"),
    "no namespace": (lambda m: m.replace(b"sr:", b"").replace(b"xmlns:sr", b"xmlns:x"), "EP02"),
    "other version": (lambda m: m.replace(b'schemaVersion="1.0"', b'schemaVersion="9.9"'), "EP02"),
    "xsi:schemaLocation": (
        lambda m: m.replace(
            b"<sr:Request ",
            b'<sr:Request xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"'
            b' xsi:schemaLocation="urn:x http://127.0.0.1:1/x.xsd" ',
        ),
        "EP10",
    ),
    "other octets of the digest": (lambda m: m.replace(b"0C230000", b"0C220000"), "EP10"),
    "a response": (lambda _: f'<r:Response xmlns:r="{NAMESPACE}" schemaVersion="1.0"/>'.encode(), "EP02"),
    "leading zero": (lambda m: m.replace(f"{DCC}:1<".encode(), f"{DCC}:01<".encode()), "EP02"),
    "counter of 65 bits": (
        lambda m: m.replace(f"{DCC}:1<".encode(), f"{DCC}:18446744073709551616<".encode()),
        "EP02",
    ),
    "another originator": (lambda m: m.replace(USER.encode(), OTHER_USER.encode()), "E1"),
}

EDITS: dict[str, tuple[Callable[[etree._Element], object], str]] = {
    "wrapped in the root": (wrapped_in_root, "EP02"),
    "wrapped in the body": (wrapped_in_body, "EP02"),
    "wrapped in an object": (wrapped_in_object, "EP02"),
    "reference by id": (by_reference, "EP02"),
    "reference to nothing": (lambda root: find(root, "Reference").attrib.pop("URI") and None, "EP02"),
    "reference elsewhere": (lambda root: find(root, "Reference").set("URI", "http://127.0.0.1:1/"), "EP02"),
    "two bodies": (two_bodies, "EP02"),
    "two signatures": (two_signatures, "EP02"),
    "signature moved": (signature_moved, "EP02"),
    "comment within the list": (commented, "EP01"),
    "instruction in the body": (instructed, "EP01"),
    "changed hubs": (evil, "EP10"),
    "changed counter": (text("RequestID", f"{USER}:{DCC}:2"), "EP10"),
    "HMAC": (algorithm("SignatureMethod", "http://www.w3.org/2000/09/xmldsig#hmac-sha1"), "EP02"),
    "RSA": (algorithm("SignatureMethod", "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256"), "EP02"),
    "ECDSA with SHA-1": (
        algorithm("SignatureMethod", "http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha1"),
        "EP02",
    ),
    "digest by SHA-1": (algorithm("DigestMethod", "http://www.w3.org/2000/09/xmldsig#sha1"), "EP02"),
    "inclusive": (
        algorithm("CanonicalizationMethod", "http://www.w3.org/TR/2001/REC-xml-c14n-20010315"),
        "EP02",
    ),
    "XSLT": (algorithm("Transform", "http://www.w3.org/TR/1999/REC-xslt-19991116"), "EP02"),
    "one transform more": (more_transforms, "EP02"),
    "one transform less": (removed("Transform"), "EP02"),
    "key in the message": (key_in_message, "EP02"),
    "no key named": (removed("KeyInfo"), "EP02"),
    "empty signature": (text("SignatureValue", ""), "EP02"),
    "zero signature": (text("SignatureValue", base64.b64encode(bytes(64)).decode()), "EP10"),
    "long signature": (text("SignatureValue", base64.b64encode(bytes(500)).decode()), "EP02"),
    "digest of nothing": (text("DigestValue", ""), "EP02"),
    "not signed": (removed("Signature"), "EP10"),
    "unknown serial": (text("X509SerialNumber", "1"), "EP11"),
    "another issuer": (text("X509IssuerName", "CN=Somebody"), "EP11"),
    "issuer that is none": (text("X509IssuerName", "\\\\=,"), "EP11"),
}


def refused(stage: XmlStage, message: bytes, code: str) -> None:
    answer = stage.supplier.post(message)

    assert checked(answer.content, stage.authority.portal).code == code
    assert 400 <= answer.status_code < 500
    assert not Instruction.objects.exists()
    assert not ServiceRequest.objects.exists()
    assert b"root:" not in answer.content


@pytest.mark.parametrize("attack", BYTES)
def test_bytes_that_were_tampered_with_do_nothing(stage, attack):
    change, code = BYTES[attack]

    refused(stage, change(good(stage)), code)


@pytest.mark.parametrize("attack", EDITS)
def test_trees_that_were_tampered_with_do_nothing(stage, attack):
    change, code = EDITS[attack]

    refused(stage, edited(good(stage), change), code)


def test_a_bare_message_that_is_well_formed_is_taken(stage):
    """What the attacks start from."""
    assert checked(stage.supplier.post(good(stage)).content, stage.authority.portal).code == "I99"


@pytest.mark.parametrize("cdata", [True, False])
def test_sections_of_characters_are_what_they_say(stage, cdata):
    form = "<![CDATA[{}]]>" if cdata else "{}"
    message = update(form.format(stage.guid(0)))

    assert stage.supplier.send(message).code == "I99"
    assert Instruction.objects.get().accepted == 1


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
    listed = response.text("Body/UpdateFirmwareResult/UpdateFirmwareWarning/InvalidDeviceIDList")
    assert listed is not None
    assert listed.count(",") == 49_998


class TestCertificates:
    def test_another_parties_certificate_does_not_sign_for_this_user(self, stage):
        refused(stage, signed(update([stage.guid(0)]), stage.other.signer), "EP11")

    def test_another_key_under_the_name_of_the_certificate(self, stage):
        thief = issue(USER, stage.authority.root)
        root = etree.fromstring(signed(update([stage.guid(0)]), thief))
        find(root, "X509SerialNumber").text = str(stage.supplier.signer.certificate.serial_number)

        refused(stage, etree.tostring(root), "EP10")

    def test_one_that_the_dcc_has_not_accepted_does_not_count(self, stage, now):
        new = issue(USER, stage.authority.root)
        services.submit_certificate(stage.supplier.admin, user_id=parse_user_id(USER), pem=pem(new), now=now)

        refused(stage, signed(update([stage.guid(0)]), new), "EP11")

    def test_a_revoked_one_does_not_count(self, stage, now):
        services.revoke_certificate(
            stage.supplier.admin, certificate_id=stage.supplier.certificate_id, now=now
        )

        refused(stage, good(stage), "EP11")

    @pytest.mark.parametrize(("starts", "ends"), [(-9, -1), (1, 9)])
    def test_one_that_has_ended_or_not_begun_does_not_count(self, stage, starts, ends):
        now = datetime.now(UTC)
        new = issue(
            USER, stage.authority.root, starts=now + timedelta(days=starts), ends=now + timedelta(days=ends)
        )
        earlier = now - timedelta(days=5)
        number = services.submit_certificate(
            stage.supplier.admin, user_id=parse_user_id(USER), pem=pem(new), now=earlier
        )
        services.accept_certificate(stage.world.operator, certificate_id=number, now=earlier)

        refused(stage, signed(update([stage.guid(0)]), new), "EP11")

    def test_old_and_new_count_together_at_a_renewal(self, stage, now):
        new = issue(USER, stage.authority.root)
        number = services.submit_certificate(
            stage.supplier.admin, user_id=parse_user_id(USER), pem=pem(new), now=now
        )
        services.accept_certificate(stage.world.operator, certificate_id=number, now=now)

        answers = [
            stage.supplier.post(signed(update([stage.guid(0)], counter=counter), signer)).status_code
            for counter, signer in ((1, new), (2, stage.supplier.signer))
        ]

        assert answers == [202, 202]

    def test_what_cannot_sign_is_refused_when_it_is_uploaded(self, stage, now):
        for strange in (
            issue(USER, issue("Another root")),
            issue(USER),
            issue(USER, stage.authority.root, curve=ec.SECP384R1()),
            issue(USER, stage.authority.root, ends=now - timedelta(hours=1)),
        ):
            with pytest.raises(NotASigningCertificate):
                services.submit_certificate(
                    stage.supplier.admin, user_id=parse_user_id(USER), pem=pem(strange), now=now
                )

    def test_a_supplier_revokes_none_of_another(self, stage, now):
        with pytest.raises(NotFound):
            services.revoke_certificate(
                stage.other.admin, certificate_id=stage.supplier.certificate_id, now=now
            )


class TestReplay:
    def test_the_same_id_with_another_message_does_nothing(self, stage):
        stage.supplier.send(update([stage.guid(0)]))

        again = stage.supplier.send(update([stage.guid(1)]))

        assert again.code == "EP20"
        assert Instruction.objects.count() == 1

    def test_a_lower_counter_does_nothing(self, stage):
        stage.supplier.send(update([stage.guid(0)], counter=10))

        late = stage.supplier.send(update([stage.guid(1)], counter=9))

        assert late.code == "EP21"
        assert Instruction.objects.count() == 1

    def test_a_counter_may_leap_and_then_only_rise(self, stage):
        top = 2**64 - 1
        codes = [
            stage.supplier.send(update([stage.guid(0)], counter=counter)).code
            for counter in (2**63 - 1, 2**63, top - 1, top, top - 2, 0)
        ]

        assert codes == ["I99"] * 4 + ["EP21"] * 2

    def test_counters_are_each_users_own(self, stage):
        stage.supplier.send(update([stage.guid(0)], counter=10))

        assert stage.other.send(update([stage.guid(17)], counter=1, user=OTHER_USER)).code == "I99"

    def test_another_suppliers_message_cannot_be_sent_on(self, stage):
        message = good(stage)

        answer = stage.other.post(message)

        assert checked(answer.content, stage.authority.portal).code == "E1"
        assert not Instruction.objects.exists()


def test_an_rsa_or_other_curve_never_gets_in_by_the_signature(stage):
    """P-384 under the name of a certificate on P-256."""
    key = ec.generate_private_key(ec.SECP384R1())
    root = XMLSigner(
        signature_algorithm=SignatureMethod.ECDSA_SHA256,
        digest_algorithm=DigestAlgorithm.SHA256,
        c14n_algorithm=CanonicalizationMethod.EXCLUSIVE_XML_CANONICALIZATION_1_0,
    ).sign(
        etree.fromstring(update([stage.guid(0)])),
        key=key,
        key_info=_key_info(stage.supplier.signer.certificate),
    )

    refused(stage, etree.tostring(root), "EP02")


def test_a_role_that_may_not_instruct_is_told_so(stage):
    UserIdentifier.objects.filter(eui64=parse_user_id(USER).db).update(user_role="ES")

    assert stage.supplier.send(update([stage.guid(0)])).code == "E2"


def test_another_kind_of_body_is_no_message(stage):
    assert stage.supplier.post(good(stage), kind="application/json").status_code == 415
