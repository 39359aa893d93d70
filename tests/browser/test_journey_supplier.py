"""What a Supplier does from log-in to the last click: pilot, instruction, change, withdrawal, answers, rules."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from rollouts import services
from rollouts.models import ApprovalRule, Instruction, PilotSubmission, Target
from rollouts.services import HubList
from rollouts.states import Answer, InstructionKind
from tests.browser.scenes import make_scene
from tests.factories import make_rollout, make_world
from tests.web.forms import as_typed

pytestmark = [pytest.mark.django_db(transaction=True)]


@pytest.fixture
def moment() -> datetime:
    return datetime.now(UTC)


@pytest.fixture
def scene(moment):
    return make_scene(now=moment)


@pytest.fixture
def world_alone(moment):
    world = make_world(hubs=40)
    return world, make_rollout(world, now=moment - timedelta(days=1))


def answers(world, rollout, *numbers: int) -> set[int]:
    rows = Target.objects.filter(rollout_id=rollout.pk, guid__in=[world.guid(n) for n in numbers])
    return set(rows.values_list("import_answer", flat=True))


@pytest.mark.requirement("R2.2", "R2.3")
@pytest.mark.parametrize("scripts", [True, False])
def test_from_the_dashboard_to_a_nomination_for_the_pilot(walk, scene, scripts):
    analyst = walk(scripts=scripts)
    analyst.log_in(scene.world.supplier_user, second_factor=True)
    analyst.follow("Toshiba radio stack", exact=True)
    analyst.look("update")
    analyst.follow("Choose pilot hubs")
    analyst.look("pilot")

    page = analyst.page
    page.get_by_label("North", exact=True).check()
    page.get_by_label("Sample of how many hubs").fill("12")
    page.get_by_label("Save the conditions as").fill("North sample")
    page.get_by_label("As soon as possible").check()
    analyst.press("Preview")
    assert analyst.says("Representativeness")
    assert analyst.tile("Chosen") == 12
    analyst.look("pilot-preview")
    analyst.press("Nominate for the pilot")

    assert analyst.says("12 hubs")
    analyst.look("pilot-nominated")
    nominated = PilotSubmission.objects.get(rollout=scene.notified, organisation_id=scene.world.supplier.pk)
    assert nominated.hubs == 12


@pytest.mark.requirement("R3.9", "R4.1", "R4.2")
@pytest.mark.parametrize("scripts", [True, False])
def test_a_file_with_bad_rows_becomes_a_receipt_a_change_and_a_withdrawal(walk, world_alone, moment, scripts):
    world, rollout = world_alone
    analyst = walk(scripts=scripts)
    analyst.log_in(world.supplier_user)
    analyst.follow("Toshiba 0C230000", exact=True)
    analyst.look("update-to-instruct")
    analyst.follow("Instruct")
    analyst.look("instruct")

    page = analyst.page
    rows = ["GUID", *world.pasted(*range(9)).splitlines(), "00-DB-12", world.pasted(17), world.pasted(0)]
    page.get_by_label("The hubs in a file").check()
    page.get_by_label("File", exact=True).set_input_files(
        {"name": "south.csv", "mimeType": "text/csv", "buffer": "\n".join(rows).encode()}
    )
    page.get_by_label("Date and time of activation").fill(as_typed(moment + timedelta(days=30)))
    page.get_by_label("Your own name for this instruction").fill("South")
    analyst.press("Check")
    assert analyst.tile("Would be accepted") == 9
    assert analyst.tile("Would not be accepted") == 3
    analyst.look("instruct-check")
    assert not Instruction.objects.exists()
    analyst.press("Submit")

    assert analyst.says("Instruction received")
    analyst.look("receipt")
    with page.expect_download() as download:
        page.get_by_role("main").get_by_role("link", name="CSV").first.click()
    failures = download.value.path().read_text(encoding="utf-8-sig").splitlines()
    assert failures[0].startswith("guid,line,reason")
    assert len(failures) == 4

    analyst.follow("Instruct more hubs")
    page.get_by_label("All my hubs of this rollout that I have answered for").check()
    page.get_by_label("No preference").check()
    analyst.press("Check")
    analyst.look("instruct-check-soon")
    page.get_by_label("Yes, let").check()
    analyst.press("Submit")
    analyst.follow("Instruct more hubs")
    page.get_by_label("All my hubs of this rollout that I have answered for").check()
    page.get_by_label("Date and time of activation").fill(as_typed(moment + timedelta(days=45)))
    analyst.press("Check")
    assert analyst.tile("Would be accepted") == 9
    analyst.press("Submit")
    analyst.follow("Instruct more hubs")
    page.get_by_label("Withdraw our earlier instruction").check()
    page.get_by_label("All my hubs of this rollout that I have answered for").check()
    analyst.press("Check")
    analyst.look("withdraw-check")
    analyst.press("Submit")
    analyst.follow("All your instructions")

    analyst.look("instructions")
    assert page.locator("tbody tr").count() == 4
    assert answers(world, rollout, *range(9)) == {Answer.NONE}


@pytest.mark.requirement("R3.3", "R3.4")
@pytest.mark.parametrize("scripts", [True, False])
def test_the_hubs_it_shares_are_agreed_to_and_declined(walk, world_alone, moment, scripts):
    world, rollout = world_alone
    services.receive_instruction(
        world.as_other,
        rollout_id=rollout.pk,
        kind=InstructionKind.INSTRUCT,
        source=HubList.from_stored([world.guid(n) for n in (9, 10, 11)]),
        received_at=moment,
        activate_at=moment + timedelta(days=20),
        now=moment,
    )
    analyst = walk(width=390, scripts=scripts)
    analyst.log_in(world.supplier_user)
    answer = analyst.page.locator(".action-due", has_text="Answer for shared hubs")
    assert "Fernhill" not in analyst.page.content()
    analyst.follow("Answer", within=answer)
    analyst.look("answer")

    page = analyst.page
    page.get_by_label("Agree to the second Supplier's time").check()
    page.get_by_label("The hubs I paste").check()
    page.get_by_label("Hubs", exact=True).fill(world.pasted(9, 10))
    analyst.press("Check")
    analyst.look("agree-check")
    analyst.press("Submit")
    assert analyst.says("Instruction received")
    analyst.follow("Instruct more hubs")
    page.get_by_label("Decline to choose a time").check()
    page.get_by_label("My hubs that the second Supplier has instructed").check()
    analyst.press("Check")
    analyst.press("Submit")

    assert analyst.says("Instruction received")
    analyst.look("declined")
    assert answers(world, rollout, 9, 10) == {Answer.AGREED}
    assert answers(world, rollout, 11) == {Answer.DECLINED}


@pytest.mark.requirement("R3.10")
def test_an_approval_rule_is_built_tried_on_the_past_and_switched_on(walk, scene):
    analyst = walk()
    analyst.log_in(scene.world.supplier_user)
    page = analyst.page
    analyst.follow("Rules", within=page.get_by_role("navigation", name="Portal"))
    analyst.look("rules")
    analyst.follow("Approval rules")
    analyst.look("approvals")
    analyst.follow("New approval rule")
    page.locator("#id_name").fill("Everything major")
    page.locator("#id_release-add").click()
    page.locator("#id_release-0-field").wait_for()
    page.locator("#id_release-0-field").select_option("severity")
    page.locator("#id_release-0-value").wait_for()
    page.wait_for_load_state("networkidle")
    page.locator("#id_release-0-value").select_option("MAJOR")
    page.get_by_text("Releases where severity is Major.").first.wait_for()
    analyst.look("approval-built")
    analyst.press("Try it out")
    assert analyst.says("It would have approved")
    analyst.look("approval-tried")
    analyst.press("Save the rule")
    page.get_by_role("link", name="Switch on").wait_for()
    analyst.look("approval-saved")
    analyst.follow("Switch on")
    analyst.look("approval-question")
    analyst.press("Switch it on")

    assert analyst.says("Everything major is on, in version 1")
    analyst.look("approval-on")
    assert ApprovalRule.objects.get().enabled_version == 1
