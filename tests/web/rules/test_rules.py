"""Rules for choosing hubs on pages, without scripts: built, tried, saved, compared, used, refused."""

from __future__ import annotations

import re
from html import unescape

import pytest

from portal.identity.roles import Role
from portal.kernel import sql
from portal.kernel.references import reference_of
from rollouts import services
from rollouts.models import PilotSubmission, SelectionRule, SelectionRuleVersion
from rollouts.web.rules.drafts import DraftGroup, draft_of, written
from tests.factories import UserFactory, make_rollout
from tests.web.forms import fields_in

pytestmark = [pytest.mark.django_db]

NORTH = {"field": "region", "op": "=", "value": "CENTRAL"}
BUSY = {"field": "han_devices", "op": ">=", "value": 5}


def saved(scope, today, *, name="Central", tree=None, sample=None):
    return services.save_rule(scope, name=name, tree=tree or {"all": [NORTH]}, sample=sample, now=today)


def press(client, path, fields, act, **changes):
    return client.post(path, {**fields, **changes, "act": act})


def says(answer) -> str:
    result = re.search(r'class="says[^"]*">(.*?)</p>', answer.content.decode(), re.DOTALL)
    return unescape(result[1])


@pytest.mark.requirement("R2.2")
def test_a_rule_is_built_condition_by_condition_without_scripts(world, seat, today):
    client, path = seat("supplier"), "/rules/new/"
    fields = fields_in(client.get(path))
    assert says(client.post(path, {**fields, "act": "refresh"})) == "Every hub."

    fields = fields_in(press(client, path, fields, "add:hub"))
    fields = fields_in(press(client, path, fields, "refresh", **{"hub.0.field": "region"}))
    fields["hub.0.value"] = "CENTRAL"
    fields = fields_in(press(client, path, fields, "group:hub"))
    fields = fields_in(press(client, path, fields, "refresh", **{"hub.1.0.field": "han_devices"}))
    fields |= {"hub.1.0.op": ">=", "hub.1.0.value": "5", "hub.1.0.not": "on"}
    fields = fields_in(press(client, path, fields, "add:hub.1"))
    fields = fields_in(press(client, path, fields, "refresh", **{"hub.1.1.field": "installed_on"}))
    answer = press(client, path, fields, "refresh", **{"hub.1.1.op": "is_known"})

    assert says(answer) == (
        "Hubs where region is Central and"
        " (not (number of HAN devices is at least 5) or installation date is known)."
    )
    fields = fields_in(answer)
    fields = fields_in(press(client, path, fields, "remove:hub.1.1"))
    answer = press(
        client, path, fields, "save", name="Central and quiet", size="3", strata="region", seed="7"
    )

    version = SelectionRuleVersion.objects.get()
    assert answer["Location"] == f"/rules/{reference_of(version.rule_id, 'selection_rule')}/"
    assert version.tree == {"all": [NORTH, {"any": [{"not": BUSY}]}]}
    assert version.sample == {"size": 3, "strata": ["region"], "seed": 7}


def test_another_question_takes_another_comparison_and_value(world, seat):
    client, path = seat("supplier"), "/rules/new/"
    fields = {"hub.joint": "all", "hub.0.was": "region", "hub.0.field": "installed_on"}
    answer = press(client, path, fields, "refresh", **{"hub.0.op": "=", "hub.0.value": "CENTRAL"})

    again = fields_in(answer)
    assert (again["hub.0.op"], again["hub.0.value"]) == ("before", "")


def test_a_condition_is_put_into_a_group_of_its_own(world, seat):
    fields = {
        "hub.joint": "all",
        "hub.0.field": "region",
        "hub.0.was": "region",
        "hub.0.op": "=",
        "hub.0.value": "SOUTH",
    }

    again = fields_in(press(seat("supplier"), "/rules/new/", fields, "wrap:hub.0"))

    assert again["hub.0.joint"] == "any"
    assert again["hub.0.0.value"] == "SOUTH"


def test_every_problem_is_told_at_its_place_and_the_input_is_kept(world, seat):
    fields = {
        "hub.joint": "not-any",
        "hub.0.field": "han_devices",
        "hub.0.was": "han_devices",
        "hub.0.op": "between",
        "hub.0.value": ["9", "2"],
        "hub.1.field": "",
        "hub.2.field": "region",
        "hub.2.was": "region",
        "hub.2.op": "in",
        "hub.3.joint": "any",
        "size": "many",
    }

    answer = press(seat("supplier"), "/rules/new/", fields, "save", name="")

    body = answer.content.decode()
    assert answer.status_code == 422
    for link in (
        "id_name",
        "id_size",
        "id_hub-0-value",
        "id_hub-1-field",
        "id_hub-2-value",
        "id_hub-3-joint",
    ):
        assert f'href="#{link}"' in body, link
        assert f'id="{link}"' in body, link
    again = fields_in(answer)
    assert again["hub.0.value"] == ["9", "2"]
    assert again["hub.joint"] == "not-any"
    assert not SelectionRule.objects.exists()


@pytest.mark.parametrize(
    "act", ["", "add:hub.7", "remove:hub", "remove:hub.9", "wrap:x.y", "group:hub.0", "junk"]
)
def test_a_button_that_makes_no_sense_changes_nothing(world, seat, act):
    fields = {"hub.joint": "all", "hub.0.field": "region", "hub.0.was": "region", "hub.0.op": "is"}

    answer = press(seat("supplier"), "/rules/new/", fields, act)

    assert answer.status_code == 200
    assert fields_in(answer)["hub.0.field"] == "region"


@pytest.mark.parametrize(
    "tree",
    [
        {"all": []},
        {"not": {"any": [NORTH, {"not": {"all": [BUSY, NORTH]}}]}},
        {"all": [{"field": "version", "op": "in", "value": ["0C220000", "0C210000"]}, {"not": BUSY}]},
        {"any": [{"field": "han_devices", "op": "between", "value": [1, 4]}]},
        {"all": [{"field": "installed_on", "op": "older_than_days", "value": 90}]},
        {"all": [{"field": "band", "op": "is_missing"}]},
    ],
)
def test_a_saved_tree_comes_back_as_it_was(tree):
    from rollouts.rules.criteria import Subject

    assert written(draft_of(tree, Subject.HUB), "", "hub", {}) == tree


def test_a_tree_that_is_one_condition_becomes_a_group_of_one():
    from rollouts.rules.criteria import Subject

    draft = draft_of({"not": {"not": NORTH}}, Subject.HUB)
    assert isinstance(draft, DraftGroup)
    assert written(draft, "", "hub", {}) == {"all": [NORTH]}


@pytest.mark.requirement("R2.2")
def test_a_draft_is_counted_on_an_update_beside_what_could_be_chosen(world, seat, today):
    sql.run("UPDATE rollouts_hub SET region = 3 WHERE guid < %(few)s", {"few": world.guid(4)})
    rollout = make_rollout(world, now=today, status="NOTIFIED", has_pilot=True)
    fields = {
        "hub.joint": "all",
        "hub.0.field": "region",
        "hub.0.was": "region",
        "hub.0.op": "=",
        "hub.0.value": "SOUTH",
        "rollout": str(rollout.pk),
        "size": "2",
        "seed": "1",
    }

    body = press(seat("supplier"), "/rules/new/", fields, "preview").content.decode()

    tiles = dict(
        re.findall(r'tile__label">(?:<svg.*?</svg>)?([^<]+)</p>\s*<p class="tile__value">([^<]+)', body)
    )
    assert (tiles["Chosen"], tiles["Meet the conditions"], tiles["Could be chosen"]) == ("2", "4", "16")
    assert 0 < float(tiles["Representativeness"]) < 1


def test_a_new_rule_does_not_slip_into_another_of_the_same_name(world, seat, today):
    saved(world.as_supplier, today)

    answer = press(seat("supplier"), "/rules/new/", {"hub.joint": "all"}, "save", name="Central")

    assert answer.status_code == 422
    assert "There is a rule “Central” already" in answer.content.decode()
    assert SelectionRuleVersion.objects.count() == 1


@pytest.mark.requirement("R2.2")
def test_a_change_makes_a_version_and_versions_are_compared(world, seat, today):
    client = seat("supplier")
    rule = saved(world.as_supplier, today).rule
    path = f"/rules/{reference_of(rule.pk, 'selection_rule')}/change/"
    fields = fields_in(client.get(path))
    assert fields["hub.0.value"] == "CENTRAL"

    press(client, path, fields, "save", **{"hub.0.value": "SOUTH", "size": "10"})
    body = unescape(
        client.get(f"/rules/{reference_of(rule.pk, 'selection_rule')}/?from=1&to=2").content.decode()
    )

    assert "<del>region is Central</del>" in body
    assert "<ins>region is South</ins>" in body
    assert "A sample of 10" in body
    assert "From version 1 to 2" in body


@pytest.mark.requirement("R2.2")
def test_a_rule_is_tried_nominated_and_archived(world, seat, today):
    client = seat("supplier")
    rollout = make_rollout(world, now=today, status="NOTIFIED", has_pilot=True, gate_open=False)
    version = saved(world.as_supplier, today, sample={"size": 3, "strata": ["region"], "seed": 1})
    path = f"/rules/{reference_of(version.rule_id, 'selection_rule')}/"

    body = client.get(f"{path}?rollout={rollout.pk}").content.decode()
    answer = client.post(f"{path}nominate/", {"rollout": rollout.pk, "timing": "any"})

    assert re.search(r"Nominate.*?3 hubs", body, re.DOTALL)
    assert answer["Location"] == f"/rollouts/{rollout.pk}/pilot/"
    assert PilotSubmission.objects.get().rule_version_id == version.pk
    assert client.post(f"{path}nominate/", {"rollout": rollout.pk, "activate_at": "x"}).status_code == 422
    client.post(f"{path}archive/")
    assert b"Central" not in client.get("/rules/").content.split(b"<main", 1)[1].split(b'id="messages"', 1)[0]
    assert "No rules yet" in client.get("/rules/").content.decode()


def test_hubs_of_a_saved_rule_are_instructed(world, seat, today):
    rollout = make_rollout(world, now=today)
    version = saved(world.as_supplier, today, tree={"all": [BUSY]})
    foreign = saved(world.as_other, today, name="Theirs")
    client, path = seat("supplier"), f"/rollouts/{rollout.pk}/instruct/"

    own = reference_of(version.pk, "selection_rule_version")
    form = client.get(f"{path}?source=saved&saved={own}").content.decode()
    fields = {"kind": "INSTRUCT", "timing": "any", "source": "saved", "saved": own}
    checked = client.post(path, fields).content.decode()

    assert f'<option value="{own}" selected>Central, version 1</option>' in form
    assert "Theirs" not in form
    assert re.search(r"Submit.*?8 hubs", checked, re.DOTALL)
    for wrong in ("", foreign.pk, reference_of(foreign.pk, "selection_rule_version")):
        assert client.post(path, {**fields, "saved": wrong}).status_code == 422, wrong


def test_another_suppliers_rule_is_not_found(world, seat, today):
    rule = saved(world.as_supplier, today).rule
    make_rollout(world, now=today)
    client = seat("other")

    assert b"Central" not in client.get("/rules/").content
    for path in ("", "change/"):
        assert client.get(f"/rules/{reference_of(rule.pk, 'selection_rule')}/{path}").status_code == 404, path
    for path in ("change/", "nominate/", "archive/"):
        assert (
            client.post(
                f"/rules/{reference_of(rule.pk, 'selection_rule')}/{path}", {"act": "save", "update": "1"}
            ).status_code
            == 404
        ), path
    assert SelectionRule.objects.get().archived_at is None


def test_an_update_of_others_alone_is_not_found(world, seat, client, today):
    rule = saved(world.as_supplier, today).rule
    rollout = make_rollout(world, now=today)
    sql.run(
        "DELETE FROM rollouts_target WHERE %(us)s IN (import_supplier_id, gas_supplier_id)",
        {"us": world.supplier.pk},
    )

    assert (
        seat("supplier")
        .get(f"/rules/{reference_of(rule.pk, 'selection_rule')}/?rollout={rollout.pk}")
        .status_code
        == 404
    )
    answer = press(seat("supplier"), "/rules/new/", {"hub.joint": "all", "rollout": rollout.pk}, "preview")
    assert "What it would choose" not in answer.content.decode()


@pytest.mark.parametrize("actor", ["operator", "csp", "panel"])
def test_rules_belong_to_suppliers(world, seat, actor):
    for path in ("/rules/", "/rules/new/", f"/rules/{reference_of(1, 'selection_rule')}/"):
        assert seat(actor).get(path).status_code == 403, path


def test_a_viewer_reads_rules_and_does_not_build_or_use_them(world, client, today):
    rule = saved(world.as_supplier, today).rule
    rollout = make_rollout(world, now=today, status="NOTIFIED", has_pilot=True)
    client.force_login(UserFactory(organisation=world.supplier, roles=[Role.SUPPLIER_VIEWER.value]))

    body = client.get(
        f"/rules/{reference_of(rule.pk, 'selection_rule')}/?rollout={rollout.pk}"
    ).content.decode()

    assert "region is Central" in body
    assert "Nominate" not in body
    assert client.get("/rules/").status_code == 200
    for path in ("/rules/new/", f"/rules/{reference_of(rule.pk, 'selection_rule')}/change/"):
        assert client.get(path).status_code == 403, path
        assert client.post(path, {"act": "save"}).status_code == 403, path
    for path in ("nominate/", "archive/"):
        assert (
            client.post(
                f"/rules/{reference_of(rule.pk, 'selection_rule')}/{path}", {"rollout": rollout.pk}
            ).status_code
            == 403
        ), path


COSTS = {
    "/rules/": 5,
    "/rules/new/": 8,
    "/rules/{id}/": 6,
    "/rules/{id}/?rollout={rollout}": 12,
    "/rules/{id}/change/": 9,
}


@pytest.mark.parametrize("path", COSTS)
def test_a_page_of_rules_takes_no_more_statements_for_more(world, seat, today, statements, path):
    rollout = make_rollout(world, now=today)
    rule = saved(world.as_supplier, today).rule
    client, url = (
        seat("supplier"),
        path.format(id=reference_of(rule.pk, "selection_rule"), rollout=rollout.pk),
    )
    client.get(url)
    few = statements(client, url)

    for number in range(3):
        make_rollout(world, now=today)
        saved(world.as_supplier, today, name=f"Rule {number}")
        saved(world.as_supplier, today, tree={"all": [NORTH, *[BUSY] * (number + 1)]})

    assert (few, statements(client, url)) == (COSTS[path], COSTS[path])


def test_a_version_saved_meanwhile_is_told_before_another_replaces_it(world, seat, today):
    version = saved(world.as_supplier, today)
    client, path = seat("supplier"), f"/rules/{reference_of(version.rule_id, 'selection_rule')}/change/"
    fields = fields_in(client.get(path))
    saved(world.as_supplier, today, tree={"all": [BUSY]})
    fields = fields_in(press(client, path, fields, "refresh"))

    answer = press(client, path, fields, "save", size="4")

    assert answer.status_code == 412
    words = answer.content.decode()
    assert "Somebody else has saved version 2" in words
    assert "What version 2 changed" in words
    assert "What saving yours would change of it" in words
    assert SelectionRuleVersion.objects.count() == 2
    assert press(client, path, fields_in(answer), "save").status_code == 302
    assert SelectionRuleVersion.objects.latest("version").version == 3


def test_a_day_in_a_condition_is_typed_and_shown_day_first(world, seat):
    client, path = seat("supplier"), "/rules/new/"
    fields = fields_in(press(client, path, fields_in(client.get(path)), "add:hub"))
    fields = fields_in(press(client, path, fields, "refresh", **{"hub.0.field": "installed_on"}))
    fields |= {"hub.0.op": "after", "hub.0.value": "3/4/2024"}

    assert fields_in(press(client, path, fields, "refresh"))["hub.0.value"] == "03/04/2024"
    press(client, path, fields, "save", name="Newer")
    leaf = {"field": "installed_on", "op": "after", "value": "2024-04-03"}
    assert SelectionRuleVersion.objects.get().tree in ({"all": [leaf]}, leaf)
