"""The requirements document on a page, with its version and log; and rules that change by signature alone."""

from __future__ import annotations

import pytest
from django.conf import settings

from portal.identity.roles import Role
from rollouts.models import Decision, SignOffRequirement
from rollouts.queries.governance.requirements import read_document, requirements_document
from rollouts.web.governance.requirements import inline
from tests.factories import OrganisationFactory, UserFactory

pytestmark = pytest.mark.django_db

PAGE, RULES = "/requirements/", "/requirements/rules/"


def proposal(world, *, number: int = 1, reasons: str = "Two heads.") -> dict[str, str]:
    return {
        "row-TOTAL_FORMS": "2",
        "row-INITIAL_FORMS": "0",
        "row-0-organisation": str(world.panel.pk),
        "row-0-role": "PANEL_MEMBER",
        "row-0-number": str(number),
        "row-0-option": "1",
        "row-1-organisation": "",
        "reasons": reasons,
    }


@pytest.fixture
def colleague(world, client):
    """Another member of the Panel."""
    client.force_login(UserFactory(organisation=world.panel, name="Second member"))
    return client


# --- the document


@pytest.mark.requirement("R6.8")
@pytest.mark.parametrize("actor", ["operator", "supplier", "other", "csp", "panel"])
def test_everybody_reads_every_promise_the_version_and_the_log(world, seat, actor):
    page = seat(actor).get(PAGE).content.decode()

    document = requirements_document()
    assert f"Version {document.version}" in page
    assert document.promises >= 50
    for section in document.sections:
        for promise in section.promises:
            assert f'<tr id="{promise.number}">' in page
    for change in document.changes:
        assert change.approved_by in page
    assert 'href="/requirements/"' in seat(actor).get("/").content.decode()


@pytest.mark.requirement("R6.8")
def test_the_page_is_the_file_of_the_reference():
    text = (settings.BASE_DIR / "docs" / "reference" / "requirements.md").read_text()
    numbers = {line.split("|")[1].strip() for line in text.splitlines() if line.startswith("| R")}

    shown = {promise.number for part in requirements_document().sections for promise in part.promises}

    assert shown == numbers


@pytest.mark.requirement("R6.8")
def test_the_latest_version_comes_first():
    document = read_document(
        "# Title\n\nOne\ntwo.\n\nThree.\n\n## R1 Notices\n| id | promise |\n|---|---|\n| R1.1 | First |\n"
        "\n## Changes\n| v | d | c | a |\n|---|---|---|---|\n| 1 | 2026 | First | A |\n| 2 | 2027 | Second | B |\n"
    )

    assert (document.version, [change.version for change in document.changes]) == ("2", ["2", "1"])
    assert document.intro == ["One two.", "Three."]


@pytest.mark.parametrize("text", ["", "# Title\n", "# Title\n\n## R1\n| a | b |\n|---|---|\n| R1.1 | x |\n"])
def test_a_document_that_is_none_is_refused(text):
    with pytest.raises(ValueError, match="title, promises and a change log"):
        read_document(text)


def test_marks_become_elements_and_nothing_else_does():
    assert inline("**Bold** `code` <b> [page](page.md) [site](https://example.org/?a=1&b=2)") == (
        "<strong>Bold</strong> <code>code</code> &lt;b&gt; page"
        ' <a href="https://example.org/?a=1&amp;b=2" rel="noreferrer">site</a>'
    )


# --- the rules


def test_without_a_change_one_member_of_the_panel_signs(world, seat):
    page = seat("supplier").get(RULES).content.decode()

    assert "The SEC Panel or a nominated Sub-Committee" in page
    assert "Propose a change" not in page


@pytest.mark.requirement("R6.8")
def test_a_change_is_proposed_signed_and_then_in_force(world, seat, colleague):
    UserFactory(organisation=world.panel, name="Third member")
    answer = seat("operator").post(f"{RULES}propose/", proposal(world, number=2))
    assert answer["Location"] == RULES
    decision = Decision.objects.get()
    assert not SignOffRequirement.objects.exists()

    panel = seat("panel")
    assert "Still needed" in panel.get(RULES).content.decode()
    first = panel.post(f"{RULES}{decision.pk}/", {"version": "2", "verdict": "APPROVE"}, follow=True)
    assert b"Signed. Still needed" in first.content
    second = colleague.post(f"{RULES}{decision.pk}/", {"version": "2", "verdict": "APPROVE"}, follow=True)

    assert b"signed, and in force" in second.content
    assert SignOffRequirement.objects.get(in_force_until=None).number == 2
    page = seat("operator").get(PAGE).content.decode()
    assert f"{world.panel_user.name}, Second member" in page
    assert "Two heads." in page


@pytest.mark.requirement("R6.8")
def test_suppliers_read_who_approved_by_role_and_never_a_name(world, seat, colleague):
    seat("operator").post(f"{RULES}propose/", proposal(world, reasons="One is enough."))
    decision = Decision.objects.get()
    for path in (PAGE, RULES):
        assert b"One is enough." not in seat("supplier").get(path).content  # a proposal is the boards' own
    seat("panel").post(f"{RULES}{decision.pk}/", {"version": "2", "verdict": "APPROVE"})

    for path in (PAGE, RULES):
        page = seat("supplier").get(path).content.decode()
        assert "One is enough." in page
        assert "Panel member" in page
        assert world.panel_user.name not in page


def test_a_change_is_rejected_with_a_comment(world, seat):
    seat("operator").post(f"{RULES}propose/", proposal(world))
    decision = Decision.objects.get()
    url = f"{RULES}{decision.pk}/"

    silent = seat("panel").post(url, {"version": "2", "verdict": "REJECT"})
    assert silent.status_code == 422
    seat("panel").post(url, {"version": "2", "verdict": "REJECT", "comment": "Not now."})

    decision.refresh_from_db()
    assert decision.status == "REJECTED"
    assert "Rejected" in seat("operator").get(RULES).content.decode()


def test_who_proposes_does_not_sign(world, seat):
    seat("panel").post(f"{RULES}propose/", proposal(world))
    decision = Decision.objects.get()

    assert b"Approve" not in seat("panel").get(RULES).content
    answer = seat("panel").post(f"{RULES}{decision.pk}/", {"version": "2", "verdict": "APPROVE"})
    assert answer.status_code == 403


def test_a_proposal_is_withdrawn_by_the_body_that_made_it(world, seat, colleague):
    UserFactory(organisation=world.panel, name="Third member")
    seat("operator").post(f"{RULES}propose/", proposal(world, number=2))
    decision = Decision.objects.get()
    url = f"{RULES}{decision.pk}/withdraw/"
    seat("panel").post(f"{RULES}{decision.pk}/", {"version": "2", "verdict": "APPROVE"})
    assert b"Withdraw this proposal" not in seat("panel").get(RULES).content
    assert seat("panel").post(url, {"version": "2", "why": "x"}).status_code == 403
    assert "Withdraw this proposal" in seat("operator").get(RULES).content.decode()

    silent = seat("operator").post(url, {"version": "2", "why": " "})
    stale = seat("operator").post(url, {"version": "1", "why": "Typed with care."})
    done = seat("operator").post(url, {"version": "2", "why": "Three members were meant."}, follow=True)

    assert (silent.status_code, stale.status_code) == (422, 409)
    assert b"Typed with care." in stale.content
    page = done.content.decode()
    assert "The proposal is withdrawn. Nothing changes." in page
    assert ">Withdrawn<" in page
    assert "Three members were meant." in seat("panel").get(RULES).content.decode()
    assert not SignOffRequirement.objects.exists()
    assert not decision.sign_offs.filter(voided_at=None).exists()
    late = colleague.post(f"{RULES}{decision.pk}/", {"version": "2", "verdict": "APPROVE"})
    assert late.status_code == 404


def test_a_member_of_the_panel_withdraws_the_panels_own_proposal(world, seat, colleague):
    seat("panel").post(f"{RULES}propose/", proposal(world))
    decision = Decision.objects.get()
    url = f"{RULES}{decision.pk}/withdraw/"

    refused = seat("operator").post(url, {"version": "2", "why": "The DCC would rather not."})
    done = colleague.post(url, {"version": "2", "why": "Not agreed after all."})
    again = colleague.post(url, {"version": "2", "why": "Not agreed after all."})

    assert refused.status_code == 403
    assert done["Location"] == RULES
    assert again.status_code == 409
    decision.refresh_from_db()
    assert (decision.status, decision.effects) == ("REJECTED", {"withdrawn": "Not agreed after all."})


def test_what_can_never_be_signed_is_refused_beside_the_form(world, seat):
    answer = seat("operator").post(f"{RULES}propose/", proposal(world, number=9))
    nobody = seat("operator").post(
        f"{RULES}propose/", {**proposal(world), "row-0-organisation": "", "reasons": "x"}
    )

    assert answer.status_code == 422
    assert b"so 9 can never sign" in answer.content
    assert b"Somebody must sign" in nobody.content
    assert seat("operator").post(f"{RULES}propose/", proposal(world, reasons="")).status_code == 422


@pytest.mark.parametrize("actor", ["supplier", "other", "csp"])
def test_proposing_and_signing_are_for_the_dcc_and_the_panel(world, seat, actor):
    seat("operator").post(f"{RULES}propose/", proposal(world))
    decision = Decision.objects.get()

    assert seat(actor).get(f"{RULES}propose/").status_code == 403
    assert seat(actor).post(f"{RULES}propose/", proposal(world)).status_code == 403
    assert seat(actor).post(f"{RULES}{decision.pk}/", {"verdict": "APPROVE"}).status_code == 404
    assert (
        seat(actor).post(f"{RULES}{decision.pk}/withdraw/", {"version": "2", "why": "x"}).status_code == 403
    )
    assert Decision.objects.count() == 1


def test_a_viewer_of_the_dcc_looks_and_does_not_sign(world, seat, client):
    seat("operator").post(f"{RULES}propose/", proposal(world))
    client.force_login(UserFactory(organisation=world.dcc, roles=[Role.DCC_VIEWER.value]))
    url = f"{RULES}{Decision.objects.get().pk}/"

    assert "Proposed change" in client.get(RULES).content.decode()
    assert client.post(url, {"version": "2", "verdict": "APPROVE"}).status_code == 403
    assert client.get(f"{RULES}propose/").status_code == 403


def test_what_is_in_force_stands_in_the_form_of_the_next_proposal(world, seat, today):
    SignOffRequirement.objects.create(
        organisation=world.panel,
        role="PANEL_MEMBER",
        number=1,
        outcomes=["STOP"],
        in_force_from=today,
    )
    other = OrganisationFactory(kind="PANEL", name="Sub-Committee")

    page = seat("operator").get(f"{RULES}propose/").content.decode()

    assert f'<option value="{world.panel.pk}" selected>' in page
    assert f'<option value="{other.pk}">' in page
    assert "Stop completely" in seat("supplier").get(RULES).content.decode()


def test_a_proposal_that_is_not_there_is_not_signed(world, seat):
    assert seat("panel").post(f"{RULES}77/", {"version": "2", "verdict": "APPROVE"}).status_code == 404


def test_a_proposal_made_from_older_rules_is_shown_those_in_force_first(world, seat):
    client, path = seat("operator"), f"{RULES}propose/"

    stale = client.post(path, {**proposal(world), "made_from": "older"})

    page = stale.content.decode()
    assert stale.status_code == 409
    assert "Who must sign has changed" in page
    assert "In force now" in page
    assert not Decision.objects.exists()
