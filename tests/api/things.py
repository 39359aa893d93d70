"""Things of each kind that an address can name, on the stage: the first Supplier's, or else the DCC's."""

from __future__ import annotations

from typing import Any

from django.utils import timezone

from portal.kernel.references import reference_of
from rollouts.models import EstateImport, ImportFile, PilotSubmission
from tests.api.conftest import Stage
from tests.api.systems import System, body_of


def owned(stage: Stage, path: str) -> dict[str, object]:
    """Return an id for every parameter of an address; the things are made once for each stage."""
    if not stage.things:
        stage.things.update(_made(stage))
    rule = "approval_rule_id" if "approval-rules" in path else "selection_rule_id"
    return {**stage.things, "rule_id": stage.things[rule]}


def _made(stage: Stage) -> dict[str, object]:
    def made(system: System, path: str, body: object) -> Any:
        answer = system.post(path, body)
        assert answer.status_code in {200, 201}, (path, answer.content)
        return body_of(answer)

    tree = {"all": [{"field": "region", "op": "in", "value": ["CENTRAL"]}]}
    approval = {
        "release_tree": {"all": []},
        "hub_tree": {"all": []},
        "time_policy": {"after": "notice", "days": 10},
    }
    incident = made(
        stage.supplier,
        stage.path("/incidents"),
        {"category": 2, "title": "IHDs restart", "guids": [stage.guid(0)]},
    )
    attached = made(
        stage.supplier,
        f"/incidents/{incident['id']}/files",
        {"file_name": "ihd.log", "content": "bG9nIGxpbmUK"},
    )
    halt_rule = {"name": "x", "kind": "ANY", "minimum_sample": 9, "lookback_hours": 24, "threshold": 0.02}
    issue = {"title": "Old meters", "failure_codes": ["UNREACHABLE"]}
    now = timezone.now()
    return {
        "rollout_id": stage.rollout.pk,
        "batch_id": stage.rollout.batches.order_by("position").last().pk,
        "hub": stage.guid(0),
        "instruction": made(
            stage.supplier, stage.path("/instructions"), {"kind": "INSTRUCT", "guids": [stage.guid(0)]}
        )["reference"],
        "selection_rule_id": made(stage.supplier, "/selection-rules", {"name": "Central", "tree": tree})[
            "id"
        ],
        "approval_rule_id": made(stage.supplier, "/approval-rules", {"name": "All", **approval})["id"],
        "submission_id": reference_of(
            PilotSubmission.objects.create(
                rollout=stage.rollout,
                organisation_id=stage.world.supplier.pk,
                submitted_at=now,
                status="SUBMITTED",
            ).pk,
            "submission",
        ),
        "incident_id": incident["id"],
        "file_id": attached["attachments"][0]["id"],
        "webhook_id": made(
            stage.supplier, "/webhooks", {"name": "CRM", "url": "https://1.1.1.1/hook", "kinds": []}
        )["webhook"]["id"],
        "known_issue_id": made(stage.dcc, "/known-issues", issue)["id"],
        "halt_rule_id": made(stage.dcc, stage.path("/halt-rules"), halt_rule)["id"],
        "decision_id": made(stage.dcc, stage.path("/reviews"), {"because": "Failures."})["id"],
        "file": body_of(stage.supplier.post("/estate/files", {"form": "CSV"}))["id"],
        "import_file_id": ImportFile.objects.create(
            kind="LOAD", organisation_id=stage.world.dcc.pk, file_name="x.csv", size=9, created_at=now
        ).pk,
        "import_id": EstateImport.objects.create(
            kind="LOAD", organisation_id=stage.world.dcc.pk, file_name="x.csv", received_at=now
        ).pk,
    }
