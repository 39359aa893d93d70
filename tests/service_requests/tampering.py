"""Messages tampered with, by their bytes and by their tree, and the code each is answered with."""

from __future__ import annotations

import base64
import copy
import re
from collections.abc import Callable

from lxml import etree

from rollouts.models import Instruction, ServiceRequest
from rollouts.service_requests.reading import NAMESPACE
from tests.service_requests.conftest import XmlStage
from tests.service_requests.messages import DCC, OTHER_USER, USER, checked, signed, update

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
    element = root.find(f"{{{DS}}}Signature")
    assert element is not None
    return element


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
    "the prefix means another namespace within": (
        lambda m: m.replace(b"<sr:DeviceIDList>", b'<sr:DeviceIDList xmlns:sr="urn:other">'),
        "EP02",
    ),
    "another prefix": (lambda m: m.replace(b"sr:", b"x:").replace(b"xmlns:sr=", b"xmlns:x="), "EP10"),
    "doubled within": (
        lambda m: m.replace(b"</sr:Request>", m.split(b"?>", 1)[-1] + b"</sr:Request>"),
        "EP02",
    ),
    "first octet lost": (lambda m: m[1:], "EP01"),
    "character references out of bounds": (lambda m: m.replace(b"0C230000", b"&#0;&#xFFFFFFF;"), "EP01"),
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
