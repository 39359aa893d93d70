"""Who may call what: every route, from a stranger's seat, a narrower token's, another Supplier's."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Any

import pytest
import time_machine
from django.test import Client
from django.urls import get_resolver, reverse

from portal.identity.api import needed_by
from portal.identity.api_scopes import SCOPES_OF_KIND, ApiScope
from portal.identity.models import OrganisationKind
from portal.rest.description import openapi_document
from tests.api.systems import PREFIX, System, beginning_of_this_minute, body_of
from tests.api.things import owned
from tests.factories import OrganisationFactory, make_rollout
from tests.references import in_address

GHOST = "FF-FF-FF-FF-FF-FF-FF-F0"
NOBODYS = 2_000_000_000
METHODS = ("get", "post", "put", "patch", "delete")


def operations() -> Iterator[tuple[str, str]]:
    """Every operation of the description, by method and path."""
    for path, methods in openapi_document()["paths"].items():
        yield from (
            (method, path)
            for method, notices in methods.items()
            if method in METHODS and "x-served-by" not in notices  # the stream has seats of its own
        )


OPERATIONS = list(operations())


def filled(path: str, **values: object) -> str:
    """An address of a route that has parameters; an id is one that nothing has unless it is given."""
    words = {"hub": "00-DB-12-34-00-00-00-00", "instruction": "I-1", "label": "x", "region": 1}
    given = {**words, "verb": "close" if "/incidents/" in path else "suspend", **values}
    return re.sub(
        r"{(\w+)}", lambda name: str(given.get(name[1], in_address(name[1], NOBODYS, path=path))), path
    )


def nobodys(names: Iterable[str], path: str) -> dict[str, object]:
    """What names nothing, for each of these parameters."""
    return {name: GHOSTS.get(name, in_address(name, NOBODYS, path=path)) for name in names}


def called(client: Client, method: str, path: str) -> Any:
    return (
        getattr(client, method)(path, b"{}", content_type="application/json")
        if method != "get"
        else client.get(path)
    )


def view_at(path: str) -> Any:
    return get_resolver().resolve(filled(path)).func.cls()


@pytest.mark.django_db
@pytest.mark.parametrize(("method", "path"), OPERATIONS)
def test_a_stranger_is_told_how_to_log_in(method, path):
    answer = called(Client(), method, filled(path))

    assert answer.status_code == 401
    assert answer["WWW-Authenticate"].startswith("Bearer")
    assert body_of(answer)["code"] == "not_authenticated"


def test_an_ended_token_is_told_apart_from_none(stage):
    answer = Client(headers={"Authorization": "Bearer nonsense"}).get(f"{PREFIX}/rollouts")

    assert (answer.status_code, body_of(answer)["code"]) == (401, "invalid_token")


@pytest.mark.requirement("R6.2")
def test_every_operation_refuses_a_token_without_its_scope(stage):
    for method, path in OPERATIONS:
        needed = needed_by(view_at(path), method.upper())
        if needed is None:  # whoever calls may ask about itself
            assert path == f"{PREFIX}/client"
            continue
        for organisation in (stage.world.supplier, stage.world.dcc, stage.world.csp):
            held = set(SCOPES_OF_KIND[OrganisationKind(organisation.kind)]) - {needed}
            answer = called(System(organisation, held).client, method, filled(path))

            assert (answer.status_code, body_of(answer)["code"]) == (403, "insufficient_scope"), (
                method,
                path,
            )


@pytest.mark.requirement("R6.2")
def test_a_scope_that_reads_never_writes(stage):
    reading = [scope for scope in SCOPES_OF_KIND[OrganisationKind.SUPPLIER] if not scope.is_writing]
    system = System(stage.world.supplier, reading)

    refused = {
        (method, path)
        for method, path in OPERATIONS
        if called(system.client, method, filled(path, rollout_id=stage.rollout.pk)).status_code == 403
    }

    changing = {(method, path) for method, path in OPERATIONS if method in {"put", "patch", "delete"}}
    own = {("delete", f"{PREFIX}/estate/files/{{file}}")}  # what whoever reads has ordered for itself
    assert changing - own <= refused
    assert ("post", f"{PREFIX}/rollouts/{{rollout_id}}/instructions") in refused


#: Ids whose things belong to nobody, or to everybody in the rollout: what stands behind them is not a Supplier's.
SHARED = {"rollout_id", "batch_id", "cpl_entry_id", "verb", "label", "region"}
#: An id of something that is not there, by the name of its parameter; of all others a number.
GHOSTS: dict[str, object] = {"hub": GHOST, "instruction": "I-404", "file": "0" * 13}


def parameters() -> set[str]:
    """The names of every parameter in an address."""
    return {name for _, path in OPERATIONS for name in re.findall(r"{(\w+)}", path)}


def test_every_kind_of_id_is_tried_from_the_other_seat(stage):
    assert parameters() - SHARED - owned(stage, "/").keys() == set(), "make one in `owned`"


@pytest.mark.requirement("R6.2")
def test_what_another_supplier_owns_reads_like_nothing_to_an_outsider(stage):
    """Ids of the first Supplier, beside ids that do not exist, from the seat of one without a hub."""
    outsider = System(OrganisationFactory(name="Outsider Energy"))

    tried = set()
    for method, path in OPERATIONS:
        if "{" not in path or "{label}" in path:
            continue
        theirs = owned(stage, path)
        nothing = nobodys(theirs, path)
        a = called(outsider.client, method, filled(path, **theirs))
        b = called(outsider.client, method, filled(path, **nothing))

        assert a.status_code in {403, 404, 422}, (method, path, a.status_code, a.content)
        assert (a.status_code, without_ids(a)) == (b.status_code, without_ids(b)), (method, path)
        tried |= set(re.findall(r"{(\w+)}", path))
    assert tried == parameters() - {"label"}


@pytest.mark.requirement("R6.2")
def test_what_another_supplier_owns_reads_like_nothing_to_one_in_the_same_update(stage):
    for method, path in OPERATIONS:
        own = set(re.findall(r"{(\w+)}", path)) - SHARED
        if not own:
            continue
        theirs = owned(stage, path)
        nothing = {**theirs, **nobodys(own, path)}
        a = called(stage.third.client, method, filled(path, **theirs))
        b = called(stage.third.client, method, filled(path, **nothing))

        assert a.status_code in {403, 404, 422}, (method, path, a.status_code, a.content)
        assert (a.status_code, without_ids(a)) == (b.status_code, without_ids(b)), (method, path)


@pytest.mark.requirement("R6.2")
def test_whoever_owns_a_thing_is_let_in(stage):
    """The other tests show something only if the ids they try are there."""
    for path in (
        "/incidents/{incident_id}/files/{file_id}",
        "/webhooks/{webhook_id}/deliveries",
        "/selection-rules/{rule_id}",
        "/approval-rules/{rule_id}/versions",
        "/instructions/{instruction}",
        "/hubs/{hub}",
        "/estate/files/{file}",
    ):
        assert stage.supplier.get(filled(path, **owned(stage, path))).status_code == 200, path
    for path in (
        "/decisions/{decision_id}",
        "/rollouts/{rollout_id}/halt-rules/{halt_rule_id}",
        "/imports/{import_id}/refused-lines",
    ):
        assert stage.dcc.get(filled(path, **owned(stage, path))).status_code == 200, path


def without_ids(answer: Any) -> dict[str, Any]:
    document = body_of(answer)
    return {name: value for name, value in document.items() if name not in {"instance", "request_id"}}


@pytest.mark.requirement("R6.2")
def test_a_second_supplier_sees_its_own_hubs_and_nobody_elses(stage):
    own = {hub["guid"] for hub in body_of(stage.third.get(stage.path("/eligible-hubs")))["items"]}
    estate = {hub["guid"] for hub in body_of(stage.third.get("/estate"))["items"]}

    assert own == estate == {stage.guid(n) for n in (12, 13, 19)}
    for number in (0, 9, 14, 17):
        assert stage.third.get(f"/hubs/{stage.guid(number)}").status_code == 404


@pytest.mark.requirement("R3.3", "R6.2")
def test_no_answer_names_another_supplier(stage, now):
    stage.other.post(stage.path("/instructions"), {"kind": "INSTRUCT", "which": "all"})
    names = {b"Fernhill", b"Kestrel"}
    reading = [(m, p) for m, p in OPERATIONS if m == "get" and "csp" not in p and "channels" not in p]

    for method, path in reading:
        answer = called(
            stage.supplier.client, method, filled(path, rollout_id=stage.rollout.pk, hub=stage.guid(9))
        )
        content = b"".join(answer.streaming_content) if answer.streaming else answer.content

        assert not any(name in content for name in names), path
        for guid in (stage.guid(17), stage.guid(19)):
            assert guid.encode() not in content, path


def test_a_rollout_without_hubs_of_mine_is_not_there(stage, now):
    draft = make_rollout(stage.world, now=now, status="DRAFT")

    assert stage.supplier.get(f"/rollouts/{draft.pk}").status_code == 404
    assert stage.dcc.get(f"/rollouts/{draft.pk}").status_code == 200


@pytest.mark.requirement("R6.2")
def test_roles_of_the_wrong_kind_are_refused(stage):
    supplier, dcc, csp = (set(SCOPES_OF_KIND[kind]) for kind in ("SUPPLIER", "DCC", "CSP"))

    assert ApiScope.ROLLOUTS_WRITE not in supplier
    assert ApiScope.INSTRUCTIONS_WRITE not in dcc
    assert not any(scope in csp for scope in (ApiScope.ESTATE_READ, ApiScope.INSTRUCTIONS_WRITE))
    assert stage.csp.get("/estate").status_code == 403
    assert stage.dcc.post(stage.path("/instructions"), {}).status_code == 403
    assert stage.supplier.post(stage.path("/steps/suspend"), {"reason": "x"}).status_code == 403


def test_a_person_reads_with_the_session_and_writes_with_a_csrf_token(stage):
    browser = Client(enforce_csrf_checks=True)
    browser.force_login(stage.world.supplier_user)

    read = browser.get(f"{PREFIX}/rollouts")
    answer = browser.post(PREFIX + stage.path("/instructions"), b"{}", content_type="application/json")

    assert read.status_code == 200
    assert (answer.status_code, body_of(answer)["code"]) == (403, "permission_denied")


def test_what_is_no_resource_is_a_problem_too(stage):
    for path in ("/nothing", "/rollouts/0", "/rollouts/99999999999", "/hubs/nonsense", "/"):
        answer = stage.supplier.get(path)

        assert (answer.status_code, answer["Content-Type"]) == (404, "application/problem+json"), path


def test_a_method_that_is_not_there_is_a_problem_too(stage):
    answer = stage.supplier.delete("/rollouts")

    assert (answer.status_code, body_of(answer)["code"]) == (405, "method_not_allowed")
    assert "GET" in answer["Allow"]


def test_a_form_that_is_not_there_is_a_problem_too(stage):
    answer = stage.supplier.get("/rollouts", Accept="application/xml")

    assert (answer.status_code, body_of(answer)["code"]) == (406, "not_acceptable")


def test_the_minute_is_shared_out(stage, settings):
    settings.API_REQUESTS_A_MINUTE = 2

    with time_machine.travel(beginning_of_this_minute(), tick=False):
        answers = [stage.supplier.get("/rollouts") for _ in range(3)]

    assert [answer.status_code for answer in answers] == [200, 200, 429]
    assert [answer["RateLimit-Remaining"] for answer in answers] == ["1", "0", "0"]
    assert int(answers[2]["Retry-After"]) <= 61
    assert body_of(answers[2])["code"] == "too_many_requests"


@pytest.mark.requirement("R6.2")
def test_the_description_and_the_page_are_served(stage):
    browser = Client()
    browser.force_login(stage.world.supplier_user)

    text = stage.supplier.get("/openapi.yaml", Accept="application/yaml")
    page = browser.get(reverse("api-docs"))
    script = browser.get(f"{reverse('api-docs')}?script=")

    assert text.status_code == page.status_code == script.status_code == 200
    assert text.content.startswith(b"openapi: 3.1")
    assert b"<script>" not in page.content
    assert b"<style" not in page.content
    assert b"/static/drf_spectacular_sidecar/" in page.content
    assert b"https://" not in page.content
