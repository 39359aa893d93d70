"""`Idempotency-Key`: what is sent twice is done once, whoever sends it and whatever happens in between."""

from __future__ import annotations

from datetime import timedelta

import pytest

from portal.kernel import clock
from portal.kernel.models import IdempotencyKey
from portal.rest.idempotency import KEPT, forget_old_keys
from rollouts.models import SelectionRuleVersion
from tests.api.systems import body_of

TREE = {"all": [{"field": "region", "op": "in", "value": ["CENTRAL"]}]}
RULE = {"name": "Central", "tree": TREE}
OTHER = {"name": "Central", "tree": {"not": TREE}}


def test_the_same_request_is_done_once_and_answered_twice(stage):
    first = stage.supplier.post("/selection-rules", RULE, Idempotency_Key="a")
    stage.supplier.post("/selection-rules", OTHER)

    again = stage.supplier.post("/selection-rules", RULE, Idempotency_Key="a")

    assert (again.status_code, body_of(again)) == (201, body_of(first))
    assert (again["Idempotent-Replayed"], again["Location"]) == ("true", first["Location"])
    assert SelectionRuleVersion.objects.count() == 2


def test_another_request_with_the_key_is_refused(stage):
    stage.supplier.post("/selection-rules", RULE, Idempotency_Key="a")

    answer = stage.supplier.post("/selection-rules", OTHER, Idempotency_Key="a")

    assert (answer.status_code, body_of(answer)["code"]) == (422, "idempotency_key_reused")


def test_a_key_belongs_to_its_organisation(stage):
    ours = stage.supplier.post("/selection-rules", RULE, Idempotency_Key="a")
    theirs = stage.other.post("/selection-rules", OTHER, Idempotency_Key="a")

    assert (ours.status_code, theirs.status_code) == (201, 201)


def test_what_was_refused_may_be_corrected_under_the_same_key(stage):
    refused = stage.supplier.post("/selection-rules", {"name": "x", "tree": {}}, Idempotency_Key="a")

    taken = stage.supplier.post("/selection-rules", RULE, Idempotency_Key="a")

    assert (refused.status_code, taken.status_code) == (422, 201)


@pytest.mark.parametrize(
    ("age", "code"),
    [(timedelta(seconds=5), "idempotency_key_in_use"), (timedelta(hours=1), "idempotency_outcome_unknown")],
)
def test_a_request_that_was_never_answered_is_not_done_again(stage, age, code):
    stage.supplier.post("/selection-rules", RULE, Idempotency_Key="a")
    IdempotencyKey.objects.update(status=None, answer=None, created_at=clock.now() - age)

    answer = stage.supplier.post("/selection-rules", RULE, Idempotency_Key="a")

    assert (answer.status_code, body_of(answer)["code"]) == (409, code)


def test_a_key_that_is_none_is_refused(stage):
    answer = stage.supplier.post("/selection-rules", RULE, Idempotency_Key="x" * 200)

    assert (answer.status_code, body_of(answer)["code"]) == (422, "bad_input")


def test_keys_are_forgotten_after_a_while(stage, now):
    stage.supplier.post("/selection-rules", RULE, Idempotency_Key="a")

    assert forget_old_keys(now) == 0
    assert forget_old_keys(now + KEPT + timedelta(minutes=1)) == 1


def test_a_failure_inside_leaves_the_key_unanswered(stage, monkeypatch):
    from rollouts import services

    def fail(*_: object, **__: object) -> None:
        raise RuntimeError("the machine lost power")

    monkeypatch.setattr(services, "save_rule", fail)
    stage.supplier.client.raise_request_exception = False
    failed = stage.supplier.post("/selection-rules", RULE, Idempotency_Key="a")
    monkeypatch.undo()

    again = stage.supplier.post("/selection-rules", RULE, Idempotency_Key="a")

    assert (failed.status_code, body_of(failed)["code"]) == (500, "internal_error")
    assert body_of(again)["code"] == "idempotency_key_in_use"
