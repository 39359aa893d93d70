"""Whose signature counts, and that no message counts twice: certificates, curves, ids and counters."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from lxml import etree
from signxml import CanonicalizationMethod, DigestAlgorithm, SignatureMethod, XMLSigner

from portal.kernel.refusals import NotFound
from rollouts import services
from rollouts.models import Instruction
from rollouts.rules.certificates import NotASigningCertificate
from rollouts.rules.identifiers import parse_user_id
from rollouts.service_requests.signatures import _key_info
from tests.service_requests.messages import OTHER_USER, USER, checked, issue, pem, signed, update
from tests.service_requests.tampering import find, good, refused

pytestmark = pytest.mark.django_db


class TestCertificates:
    @pytest.mark.requirement("R6.6")
    def test_another_parties_certificate_does_not_sign_for_this_user(self, stage):
        refused(stage, signed(update([stage.guid(0)]), stage.other.signer), "EP11")

    @pytest.mark.requirement("R6.6")
    def test_another_key_under_the_name_of_the_certificate(self, stage):
        thief = issue(USER, stage.authority.root)
        root = etree.fromstring(signed(update([stage.guid(0)]), thief))
        find(root, "X509SerialNumber").text = str(stage.supplier.signer.certificate.serial_number)

        refused(stage, etree.tostring(root), "EP10")

    @pytest.mark.requirement("R6.6")
    def test_one_that_the_dcc_has_not_accepted_does_not_count(self, stage, now):
        new = issue(USER, stage.authority.root)
        services.submit_certificate(stage.supplier.admin, user_id=parse_user_id(USER), pem=pem(new), now=now)

        refused(stage, signed(update([stage.guid(0)]), new), "EP11")

    @pytest.mark.requirement("R6.6")
    def test_a_revoked_one_does_not_count(self, stage, now):
        services.revoke_certificate(
            stage.supplier.admin, certificate_id=stage.supplier.certificate_id, now=now
        )

        refused(stage, good(stage), "EP11")

    @pytest.mark.requirement("R6.6")
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

    @pytest.mark.requirement("R6.6")
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

    @pytest.mark.requirement("R6.6")
    def test_a_chain_leads_through_authorities_the_portal_knows(self, stage, settings, now):
        between = issue("Issuing authority", stage.authority.root, is_authority=True)
        new, user_id = issue(USER, between), parse_user_id(USER)
        with pytest.raises(NotASigningCertificate):
            services.submit_certificate(stage.supplier.admin, user_id=user_id, pem=pem(new), now=now)
        roots = Path(settings.SERVICE_REQUEST_ROOTS_FILE)
        roots.write_text(roots.read_text() + pem(between))

        number = services.submit_certificate(stage.supplier.admin, user_id=user_id, pem=pem(new), now=now)
        services.accept_certificate(stage.world.operator, certificate_id=number, now=now)

        assert stage.supplier.post(signed(update([stage.guid(0)]), new)).status_code == 202
        refused_as_authority = issue("Of a user", new, is_authority=True)
        with pytest.raises(NotASigningCertificate):
            services.submit_certificate(
                stage.supplier.admin, user_id=user_id, pem=pem(refused_as_authority), now=now
            )

    def test_a_supplier_revokes_none_of_another(self, stage, now):
        with pytest.raises(NotFound):
            services.revoke_certificate(
                stage.other.admin, certificate_id=stage.supplier.certificate_id, now=now
            )


class TestReplay:
    @pytest.mark.requirement("R6.6")
    def test_the_same_id_with_another_message_does_nothing(self, stage):
        stage.supplier.send(update([stage.guid(0)]))

        again = stage.supplier.send(update([stage.guid(1)]))

        assert again.code == "EP20"
        assert Instruction.objects.count() == 1

    @pytest.mark.requirement("R6.6")
    def test_a_lower_counter_does_nothing(self, stage):
        stage.supplier.send(update([stage.guid(0)], counter=10))

        late = stage.supplier.send(update([stage.guid(1)], counter=9))

        assert late.code == "EP21"
        assert str(late.text("Body/Fault/Text")).endswith("before: 10.")
        assert Instruction.objects.count() == 1

    @pytest.mark.requirement("R6.6")
    def test_a_counter_may_leap_and_then_only_rise(self, stage):
        top = 2**64 - 1
        codes = [
            stage.supplier.send(update([stage.guid(0)], counter=counter)).code
            for counter in (2**63 - 1, 2**63, top - 1, top, top - 2, 0)
        ]

        assert codes == ["I99"] * 4 + ["EP21"] * 2

    @pytest.mark.requirement("R6.6")
    def test_a_counter_that_begins_again_does_nothing(self, stage):
        """A system that has lost its counter, and whoever replays what it once sent."""
        first = signed(update([stage.guid(0)], counter=1), stage.supplier.signer)
        stage.supplier.post(first)
        for counter in (2, 3):
            stage.supplier.send(update([stage.guid(counter)], counter=counter))

        begun_again = [stage.supplier.send(update([stage.guid(9)], counter=n)).code for n in (0, 1, 2, 3)]
        replayed = stage.supplier.post(first)

        assert begun_again == ["EP21", "EP20", "EP20", "EP20"]
        assert (replayed.status_code, Instruction.objects.count()) == (202, 3)
        assert stage.supplier.send(update([stage.guid(9)], counter=4)).code == "I99"

    @pytest.mark.parametrize("counter", ["-1", "1.5", "1e3", "+4", " 4", "٤", "0x4", ""])
    def test_what_is_no_counter_is_none(self, stage, counter):
        refused(stage, signed(update([stage.guid(0)], counter=counter), stage.supplier.signer), "EP02")

    def test_counters_are_each_users_own(self, stage):
        stage.supplier.send(update([stage.guid(0)], counter=10))

        assert stage.other.send(update([stage.guid(17)], counter=1, user=OTHER_USER)).code == "I99"

    @pytest.mark.requirement("R6.6")
    def test_another_suppliers_message_cannot_be_sent_on(self, stage):
        message = good(stage)

        answer = stage.other.post(message)

        assert checked(answer.content, stage.authority.portal).code == "E1"
        assert not Instruction.objects.exists()


@pytest.mark.requirement("R6.6")
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
