"""What A, its second Supplier, the DCC, the Panel and a CSP do: alike in both estates, to the minute."""

from __future__ import annotations

from typing import Any

from notifications import services as mailing
from notifications.models import WebhookEndpoint
from notifications.webhooks import delivering
from portal.kernel.references import reference_of
from rollouts import services, tasks
from rollouts.models import Export, PilotSubmission
from rollouts.states import CommandKind, TargetState
from tests.api.systems import body_of
from tests.api.things import owned
from tests.integration.deciding import recommended, sign
from tests.proof.estates import FOREIGN, UNKNOWN, Estate, at, report

_SPLIT = {"all": [{"field": "supply", "op": "=", "value": "SPLIT"}]}
_GOOD, _BAD = "0x8F66", "0x8F67"


def play(estate: Estate, receiver: Any) -> None:
    """Play it to its end, and let everything that is due reach A."""
    mailing.enrol_readers()
    for act in (
        _prepare,
        _nominate,
        _confirm,
        _answer,
        _refuse,
        _report,
        _raise_incidents,
        _change_supplier,
        _halt,
    ):
        act(estate, receiver)
    _let_all_arrive(estate, receiver)


def _prepare(estate: Estate, receiver: Any) -> None:
    with at(estate, minutes=20) as stage:
        owned(stage, "/")
        hook = {"name": "Own", "url": receiver.url, "kinds": []}
        made = estate.record("make a webhook", stage.supplier.post("/webhooks", hook))
        receiver.secret = body_of(made)["secret"]
        labels = {"guids": _guids(estate, 0, 9, *FOREIGN)}
        estate.record("label hubs", stage.supplier.post("/labels/watched/hubs", labels))
        view = {"name": "Split", "supply": "SPLIT"}
        estate.record("keep a view", estate.person.post("/estate/views/keep/", view))


def _nominate(estate: Estate, _receiver: Any) -> None:
    with at(estate, hours=3) as stage:
        path = stage.path("/pilot/submissions")
        hubs = {"guids": _guids(estate, 0, 1, 9, 10, 12, *FOREIGN, UNKNOWN)}
        estate.record("nominate hubs", stage.supplier.post(path, hubs))
        _done(estate.second.post(path, {"guids": _guids(estate, 9, 12, 13)}))
        _done(stage.dcc.post(stage.path("/pilot/proposals"), {"tree": _SPLIT, "comment": "More split hubs."}))


def _confirm(estate: Estate, _receiver: Any) -> None:
    with at(estate, hours=2) as stage:
        of = PilotSubmission.objects.filter(rollout=stage.rollout).order_by("id")
        both = of.filter(organisation_id__in=[stage.world.supplier.pk, estate.second_organisation.pk])
        ids = list(both.filter(status="SUBMITTED", hubs__gt=1).values_list("pk", flat=True))
        services.confirm_pilot(
            stage.world.operator, rollout_id=stage.rollout.pk, submission_ids=ids, now=estate.now
        )
        for organisation, system in (
            (stage.world.supplier, stage.supplier),
            (estate.second_organisation, estate.second),
        ):
            proposal = of.get(organisation_id=organisation.pk, status="PROPOSED")
            answered = system.post(
                stage.path(f"/pilot/submissions/{reference_of(proposal.pk, 'submission')}/answer"),
                {"accepts": True},
            )
            if system is stage.supplier:
                estate.record("answer a proposal", answered)
        _done(stage.dcc.post(stage.path("/steps/start_pilot"), {}))


def _answer(estate: Estate, _receiver: Any) -> None:
    with at(estate, hours=5) as stage:
        path, act = stage.path("/instructions"), estate.second.post
        _done(act(path, {"kind": "INSTRUCT", "guids": _guids(estate, 9, 10, 13, 29)}))
        mine = {"kind": "INSTRUCT", "guids": _guids(estate, 1, 2, 9, 11, 12, 30, *FOREIGN, UNKNOWN)}
        estate.record("instruct", stage.supplier.post(path, mine))
        _done(act(path, {"kind": "DECLINE", "guids": _guids(estate, 11)}))
        estate.record(
            "decline", stage.supplier.post(path, {"kind": "DECLINE", "guids": _guids(estate, 3, 31)})
        )
        _done(act(path, {"kind": "INSTRUCT", "guids": _guids(estate, 30, 31, 33)}))
        withdrawn = {"kind": "WITHDRAW", "guids": _guids(estate, 2, *FOREIGN)}
        estate.record("withdraw", stage.supplier.post(path, withdrawn))


def _refuse(estate: Estate, _receiver: Any) -> None:
    """Have A try what it may not: hubs and things that are another's, or nobody's."""
    with at(estate, minutes=7) as stage:
        for name, number in (("foreign", FOREIGN[0]), ("unknown", UNKNOWN)):
            named = {"guids": _guids(estate, number)}
            wish = {"kind": "INSTRUCT", **named}
            estate.record(f"instruct {name}", stage.supplier.post(stage.path("/instructions"), wish))
            trouble = {"category": 2, "title": "Trouble", **named}
            estate.record(f"report {name}", stage.supplier.post(stage.path("/incidents"), trouble))
            estate.record(f"read {name}", stage.supplier.post("/readings", named))
            (guid,) = named["guids"]
            pasted = {"source": "paste", "hubs": guid, "kind": "INSTRUCT", "timing": "any", "act": "preview"}
            estate.record(
                f"preview {name}", estate.person.post(f"/rollouts/{stage.rollout.pk}/instruct/", pasted)
            )
            estate.record(f"ask {name}", estate.person.post(f"/hubs/{guid}/read/"))
        estate.record("read own", stage.supplier.post("/readings", {"guids": _guids(estate, 4, 9)}))


def _report(estate: Estate, _receiver: Any) -> None:
    with at(estate, days=1):
        arrived = dict.fromkeys((0, 1, 9, 10, 12, 29), "0x8F72")
        report(estate, arrived, kind=CommandKind.DISTRIBUTE, state=TargetState.DISTRIBUTING)
    with at(estate, hours=9):
        outcomes = {0: _GOOD, 1: _BAD, 9: _GOOD, 10: _GOOD, 12: _BAD, 29: _GOOD}
        foreign = {number: estate.draw.choice([_GOOD, _BAD]) for number in FOREIGN[3:6]}
        report(estate, {**outcomes, **foreign}, kind=CommandKind.ACTIVATE, state=TargetState.ACTIVATING)


def _raise_incidents(estate: Estate, _receiver: Any) -> None:
    with at(estate, hours=4) as stage:
        path = stage.path("/incidents")
        _done(
            estate.second.post(
                path, {"category": 2, "title": "Gas meters lost", "guids": _guids(estate, 9, 13)}
            )
        )
        lost = {"category": 2, "title": "Meters lost", "guids": _guids(estate, 9, 10, *FOREIGN[:2])}
        incident = body_of(estate.record("raise an incident", stage.supplier.post(path, lost)))
        own = f"/incidents/{incident['id']}"
        estate.record("comment", stage.supplier.post(f"{own}/comments", {"text": "Two more since."}))
        _done(stage.dcc.post(f"{own}/comments", {"text": "We look into it."}))
        services.evaluate_halt_rules(now=estate.now)


def _change_supplier(estate: Estate, _receiver: Any) -> None:
    with at(estate, days=1) as stage:
        world, second = stage.world, estate.second_organisation
        changes = [(world.guid(2), second.pk, second.pk), (world.guid(5), world.supplier.pk, second.pk)]
        services.change_suppliers(world.operator, changes=changes, effective_at=estate.now, now=estate.now)
    with at(estate, hours=1) as stage:
        _done(
            estate.second.post(
                stage.path("/instructions"), {"kind": "INSTRUCT", "guids": _guids(estate, 2, 5)}
            )
        )


def _halt(estate: Estate, _receiver: Any) -> None:
    with at(estate, hours=2) as stage:
        world, reason = stage.world, {"reason": "Hubs lose their devices."}
        _done(stage.dcc.post(stage.path("/steps/suspend"), reason))
        services.finish_halts(now=estate.now)
        decision = recommended(world, stage.rollout, "PROCEED", estate.now)
        sign(world.as_panel, decision, estate.now)


def _let_all_arrive(estate: Estate, receiver: Any) -> None:
    with at(estate, days=2):
        services.run_approval_rules(now=estate.now)
        for task in (tasks.note_activations, tasks.summarise, tasks.fold_tallies):
            task()
        for export in Export.objects.order_by("id"):
            tasks.write_export(export_id=export.pk)
    # What is delivered to A arrives here; nobody else's webhook is called.
    WebhookEndpoint.objects.exclude(url=receiver.url).update(state=WebhookEndpoint.State.PAUSED)
    with estate.later(hours=1):
        mailing.deliver_mail(now=estate.now)
        while delivering.deliver_next(now=estate.now):
            pass


def _guids(estate: Estate, *hubs: int | str) -> list[str]:
    return [hub if isinstance(hub, str) else estate.stage.guid(hub) for hub in hubs]


def _done(answer: Any) -> None:
    assert answer.status_code < 300, (answer.status_code, answer.content)
