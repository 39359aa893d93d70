"""Approval rules on pages, without scripts: built, tried on the past, switched on once asked, followed, refused."""

from __future__ import annotations

import re
from datetime import timedelta
from html import unescape

import pytest

from portal.identity.roles import Role
from portal.kernel.references import reference_of
from rollouts import services
from rollouts.models import ApprovalRule, ApprovalRuleVersion, Instruction
from rollouts.services import HubList
from rollouts.states import Channel, InstructionKind
from tests.factories import UserFactory, make_rollout
from tests.web.forms import fields_in

pytestmark = [pytest.mark.django_db]

MAJOR = {"all": [{"field": "severity", "op": "=", "value": "MAJOR"}]}
NIGHTLY = {
    "after": "notice",
    "days": 10,
    "window": {"days": ["mon", "tue", "wed", "thu"], "from": "22:00", "to": "05:00"},
    "per_night": 10,
    "seed": 3,
}


def saved(scope, today, *, name="Major at night", release=MAJOR, hubs=None, policy=NIGHTLY):
    return services.save_approval_rule(
        scope, name=name, release_tree=release, hub_tree=hubs or {"all": []}, time_policy=policy, now=today
    )


def press(client, path, fields, act, **changes):
    return client.post(path, {**fields, **changes, "act": act})


def text(answer) -> str:
    return re.sub(r"\s+", " ", unescape(re.sub(r"<[^>]+>", " ", answer.content.decode())))


@pytest.mark.requirement("R3.10")
def test_a_rule_is_built_from_updates_hubs_and_times_without_scripts(world, seat, today):
    client, path = seat("supplier"), "/approvals/new/"
    fields = fields_in(client.get(path))
    fields = fields_in(press(client, path, fields, "add:release"))
    fields = fields_in(press(client, path, fields, "refresh", **{"release.0.field": "severity"}))
    fields["release.0.value"] = "MAJOR"
    fields = fields_in(press(client, path, fields, "add:hub"))
    fields = fields_in(press(client, path, fields, "refresh", **{"hub.0.field": "region"}))
    fields["hub.0.value"] = "CENTRAL"
    fields |= {"days": "10", "window_days": ["mon", "tue", "wed", "thu"], "opens": "22:00", "closes": "05:00"}
    fields |= {"per_night": "10", "spread_seed": "3"}
    answer = press(client, path, fields, "refresh")

    assert "Releases where severity is Major." in text(answer)
    assert "10 days after the notice, on Monday, Tuesday, Wednesday, Thursday from 22:00 to 05:00" in text(
        answer
    )
    answer = press(client, path, fields_in(answer), "save", name="Major at night")
    version = ApprovalRuleVersion.objects.get()
    assert answer["Location"] == f"/approvals/{reference_of(version.rule_id, 'approval_rule')}/"
    assert (version.release_tree, version.time_policy) == (MAJOR, NIGHTLY)
    assert version.hub_tree == {"all": [{"field": "region", "op": "=", "value": "CENTRAL"}]}
    assert ApprovalRule.objects.get().enabled_version is None


def test_every_problem_of_every_part_is_told_at_its_place(world, seat):
    fields = {
        "release.joint": "all",
        "release.0.field": "pilot_success_rate",
        "release.0.was": "pilot_success_rate",
        "release.0.op": ">=",
        "release.0.value": "900",
        "hub.joint": "any",
        "days": "-1",
        "after": "notice",
        "window_days": ["mon"],
        "opens": "22:00",
    }

    answer = press(seat("supplier"), "/approvals/new/", fields, "save", name="")

    body = answer.content.decode()
    assert answer.status_code == 422
    for link in ("id_name", "id_release-0-value", "id_hub-joint", "id_days", "id_closes"):
        assert f'href="#{link}"' in body, link
        assert f'id="{link}"' in body, link
    assert fields_in(answer)["release.0.value"] == "900"
    assert fields_in(answer)["days"] == "-1"
    assert not ApprovalRule.objects.exists()


@pytest.mark.requirement("R3.10")
def test_a_draft_is_tried_on_the_past_and_on_what_runs_now(world, seat, today):
    make_rollout(
        world, now=today - timedelta(days=300), status="COMPLETE", automatic_at=today - timedelta(days=180)
    )
    minor = make_rollout(world, now=today)
    type(minor).objects.filter(pk=minor.pk).update(severity="MINOR", name="A minor one")
    client = seat("supplier")
    version = saved(world.as_supplier, today, hubs={"all": [{"field": "role", "op": "=", "value": "BOTH"}]})
    path = f"/approvals/{reference_of(version.rule_id, 'approval_rule')}/change/"

    answer = press(client, path, fields_in(client.get(path)), "try")
    tried = client.get(f"/approvals/{reference_of(version.rule_id, 'approval_rule')}/try/")

    words = "It would have approved 9 and excluded 7 hubs, in 1 of the latest 2 rollouts."
    for page in (answer, tried):
        assert words in text(page)
        assert "severity is Major" in text(page)
        assert "It instructs no hub of the rollouts that run now." in text(page)
    assert not Instruction.objects.exists()


@pytest.mark.requirement("R3.10")
def test_switching_on_asks_once_says_what_comes_next_and_does_it(world, seat, today):
    rollout = make_rollout(world, now=today)
    services.receive_instruction(
        world.as_supplier,
        rollout_id=rollout.pk,
        kind=InstructionKind.INSTRUCT,
        source=HubList.from_stored([world.guid(0)]),
        activate_at=today + timedelta(days=9),
        received_at=today,
        now=today,
    )
    client = seat("supplier")
    version = saved(world.as_supplier, today)
    path = f"/approvals/{reference_of(version.rule_id, 'approval_rule')}/"

    question = client.get(f"{path}enable/?version=1")
    assert "it instructs 15 hubs of 1 rollout that you have said nothing about: Toshiba 0C230000" in text(
        question
    )
    assert ApprovalRule.objects.get().enabled_version is None
    answer = client.post(f"{path}enable/", {"version": "1"}, follow=True)

    assert "Major at night is on, in version 1" in text(answer)
    assert services.run_approval_rules(now=today) == 1
    reference = Instruction.objects.filter(channel=Channel.RULE).first().reference
    done = client.get(path).content.decode()
    assert f'href="/instructions/{reference}/"' in done
    assert "Version 1" in done


@pytest.mark.requirement("R3.10")
def test_versions_are_compared_and_the_latest_may_wait(world, seat, today):
    version = saved(world.as_supplier, today)
    services.enable_approval_rule(world.as_supplier, rule_id=version.rule_id, version=1, now=today)
    client, path = seat("supplier"), f"/approvals/{reference_of(version.rule_id, 'approval_rule')}/"
    fields = fields_in(client.get(f"{path}change/"))

    press(client, f"{path}change/", fields, "save", **{"release.0.value": "CRITICAL", "days": "3"})

    body = unescape(client.get(f"{path}?from=1&to=2").content.decode())
    assert "<del>severity is Major</del>" in body
    assert "<ins>severity is Critical</ins>" in body
    assert "10 days after the notice" in body
    assert "The latest version is not on" in body
    assert "version 2 is not on" in client.get("/approvals/").content.decode()


@pytest.mark.requirement("R3.10")
def test_a_rule_is_switched_off_and_archived(world, seat, today):
    version = saved(world.as_supplier, today)
    services.enable_approval_rule(world.as_supplier, rule_id=version.rule_id, version=1, now=today)
    client, path = seat("supplier"), f"/approvals/{reference_of(version.rule_id, 'approval_rule')}/"

    assert "The rule is off" in text(client.post(f"{path}disable/", {"act": "disable"}, follow=True))
    assert ApprovalRule.objects.get().enabled_version is None
    assert "The rule is archived" in text(client.post(f"{path}disable/", {"act": "archive"}, follow=True))
    assert "No approval rules yet" in client.get("/approvals/").content.decode()


def test_a_new_rule_does_not_slip_into_another_of_the_same_name(world, seat, today):
    saved(world.as_supplier, today)
    fields = {"release.joint": "all", "hub.joint": "all", "days": "1", "after": "notice"}

    answer = press(seat("supplier"), "/approvals/new/", fields, "save", name="Major at night")

    assert answer.status_code == 422
    assert "already: change that one" in text(answer)
    assert ApprovalRuleVersion.objects.count() == 1


def test_another_suppliers_rule_is_not_found(world, seat, today):
    rule_id = saved(world.as_supplier, today).rule_id
    client = seat("other")

    assert b"Major at night" not in client.get("/approvals/").content
    for path in ("", "change/", "try/", "enable/"):
        assert client.get(f"/approvals/{reference_of(rule_id, 'approval_rule')}/{path}").status_code == 404, (
            path
        )
    for path in ("change/", "enable/", "disable/"):
        answer = client.post(
            f"/approvals/{reference_of(rule_id, 'approval_rule')}/{path}", {"act": "archive", "version": "1"}
        )
        assert answer.status_code == 404, path
    rule = ApprovalRule.objects.get()
    assert (rule.enabled_version, rule.archived_at) == (None, None)


@pytest.mark.parametrize("version", ["9", "x", "-1"])
def test_a_version_that_is_not_there_is_not_found(world, seat, today, version):
    rule_id = saved(world.as_supplier, today).rule_id

    assert (
        seat("supplier")
        .get(f"/approvals/{reference_of(rule_id, 'approval_rule')}/enable/?version={version}")
        .status_code
        == 404
    )


@pytest.mark.parametrize("actor", ["operator", "csp", "panel"])
def test_approval_rules_belong_to_suppliers(world, seat, actor):
    for path in (
        "/approvals/",
        "/approvals/new/",
        f"/approvals/{reference_of(1, 'approval_rule')}/",
        f"/approvals/{reference_of(1, 'approval_rule')}/try/",
        f"/approvals/{reference_of(1, 'approval_rule')}/enable/",
    ):
        assert seat(actor).get(path).status_code == 403, path


def test_a_viewer_reads_and_tries_rules_and_switches_nothing(world, client, today):
    rule_id = saved(world.as_supplier, today).rule_id
    client.force_login(UserFactory(organisation=world.supplier, roles=[Role.SUPPLIER_VIEWER.value]))

    assert (
        "Switch on"
        not in client.get(f"/approvals/{reference_of(rule_id, 'approval_rule')}/").content.decode()
    )
    for path in ("/approvals/", f"/approvals/{reference_of(rule_id, 'approval_rule')}/try/"):
        assert client.get(path).status_code == 200, path
    for path in (
        "/approvals/new/",
        f"/approvals/{reference_of(rule_id, 'approval_rule')}/change/",
        f"/approvals/{reference_of(rule_id, 'approval_rule')}/enable/",
    ):
        assert client.get(path).status_code == 403, path
    for path in ("change/", "enable/", "disable/"):
        answer = client.post(
            f"/approvals/{reference_of(rule_id, 'approval_rule')}/{path}", {"act": "archive", "version": "1"}
        )
        assert answer.status_code == 403, path


COSTS = {"/approvals/": 6, "/approvals/new/": 7, "/approvals/{id}/": 13, "/approvals/{id}/change/": 15}


@pytest.mark.parametrize("path", COSTS)
def test_a_page_of_approval_rules_takes_no_more_statements_for_more(world, seat, today, statements, path):
    make_rollout(world, now=today)
    version = saved(world.as_supplier, today)
    services.enable_approval_rule(world.as_supplier, rule_id=version.rule_id, version=1, now=today)
    services.run_approval_rules(now=today)
    client, url = seat("supplier"), path.format(id=reference_of(version.rule_id, "approval_rule"))
    client.get(url)
    few = statements(client, url)

    for number in range(2):
        make_rollout(world, now=today)
        saved(world.as_supplier, today, name=f"Rule {number}")
        saved(world.as_supplier, today, policy={**NIGHTLY, "days": 20 + number})
    services.run_approval_rules(now=today)

    assert (few, statements(client, url)) == (COSTS[path], COSTS[path])


@pytest.mark.parametrize("path", ["try/", "enable/"])
def test_each_update_a_rule_is_tried_on_takes_as_many_statements_as_the_one_before(
    world, seat, today, statements, path
):
    """There are at most 20 past ones; what was known of each is read from the journal of facts."""
    url = f"/approvals/{reference_of(saved(world.as_supplier, today).rule_id, 'approval_rule')}/{path}"
    client, taken = seat("supplier"), []
    client.get(url)
    for _ in range(3):
        make_rollout(world, now=today)
        taken.append(statements(client, url))

    assert taken[2] - taken[1] == taken[1] - taken[0] == AN_UPDATE[path]


AN_UPDATE = {"try/": 11, "enable/": 5}


def test_a_version_saved_meanwhile_is_told_before_another_replaces_it(world, seat, today):
    version = saved(world.as_supplier, today)
    client, path = seat("supplier"), f"/approvals/{reference_of(version.rule_id, 'approval_rule')}/change/"
    fields = fields_in(client.get(path))
    saved(world.as_supplier, today, policy={**NIGHTLY, "days": 12})

    answer = press(client, path, fields, "save", days="14")

    assert answer.status_code == 412
    assert "Somebody else has saved version 2" in text(answer)
    assert "What version 2 changed" in text(answer)
    assert "12 days" in text(answer).partition("What saving yours would change of it")[0]
    assert "14 days" in text(answer).partition("What saving yours would change of it")[2]
    assert ApprovalRuleVersion.objects.count() == 2
    assert press(client, path, fields_in(answer), "save").status_code == 302
