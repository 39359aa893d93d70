"""The interface as it is described is the interface as it is served."""

from __future__ import annotations

from dataclasses import fields
from pathlib import Path

import orjson
import pytest
import yaml
from jsonschema import Draft202012Validator

from hubsim.codes import CODE_TEXTS, AlertReason
from hubsim.profile import BadFirmware, GatewayFaults, MessageFaults, RegionFaults, preset, preset_names

ROOT = Path(__file__).resolve().parents[2]
DESCRIPTION = yaml.safe_load((ROOT / "docs/reference/csp-interface.yaml").read_text())
SCHEMAS = DESCRIPTION["components"]["schemas"]
REFERENCE = (ROOT / "docs/reference/csp-interface.md").read_text()
HOW_TO = (ROOT / "docs/how-to/use-the-simulator.md").read_text()


def validator(name):
    return Draft202012Validator(
        {"$ref": f"#/components/schemas/{name}", "components": DESCRIPTION["components"]}
    )


@pytest.mark.requirement("R6.5")
def test_every_route_is_described_and_every_description_has_its_route(start):
    documented = {
        (path, method.lower()) for path, methods in start("instant").app.routes.items() for method in methods
    }
    described = {
        (path, verb)
        for path, item in DESCRIPTION["paths"].items()
        for verb in item
        if verb not in {"servers", "$ref"}
    }

    assert described - {("/csp/v1/alerts", "post")} == documented


@pytest.mark.requirement("R6.5")
def test_what_a_csp_plans_by_is_what_the_portal_describes():
    interface = yaml.load((ROOT / "docs/reference/openapi.yaml").read_text(), yaml.CSafeLoader)["paths"]
    refers = {path: item["$ref"] for path, item in DESCRIPTION["paths"].items() if "$ref" in item}

    for path, reference in refers.items():
        file, _, place = reference.partition("#/paths/")
        assert (file, place.replace("~1", "/")) == ("openapi.yaml", path)
    assert refers.keys() == {
        path for path, item in interface.items() if item.get("get", {}).get("tags") == ["For CSPs"]
    }


@pytest.mark.requirement("R6.5")
def test_codes_and_reasons_are_described():
    alert = SCHEMAS["Alert"]["properties"]

    assert tuple(alert["code"]["enum"]) == CODE_TEXTS
    assert alert["reason"]["enum"] == [
        reason.name for reason in AlertReason if reason is not AlertReason.NONE
    ]
    for word in (*alert["code"]["enum"], *alert["reason"]["enum"]):
        assert f"`{word}`" in REFERENCE


def test_every_fault_is_described():
    profile = SCHEMAS["Profile"]["properties"]

    for group, described in (
        (RegionFaults, SCHEMAS["RegionFaults"]),
        (MessageFaults, profile["messages"]),
        (GatewayFaults, profile["gateway"]),
        (BadFirmware, profile["bad_firmware"]),
    ):
        names = [each.name for each in fields(group)]
        assert list(described["properties"]) == names
        assert all(f"`{name}`" in HOW_TO for name in names)
    assert all(f"`{name}`" in HOW_TO for name in preset_names())


@pytest.mark.parametrize("name", preset_names())
def test_a_preset_is_what_a_profile_is_described_to_be(name):
    validator("Profile").validate(orjson.loads(orjson.dumps(preset(name).as_json())))


@pytest.mark.requirement("R6.5")
def test_what_is_said_is_what_was_described(start, toshiba, image):
    side = start("instant")
    command = {"command_id": 1, "hubs": toshiba[:50], "image": image}
    validator("ImageCommand").validate(command)
    side.http.post("/commands/distribute", json=command)
    side.quiet()
    side.send("activate", toshiba[:50], command_id=2, image=image)
    side.send("read", toshiba[:50], command_id="three")
    side.quiet()

    assert len(side.portal.alerts) == 150
    for alert in side.portal.alerts:
        validator("Alert").validate(alert)
    validator("Truth").validate(side.truth())
    validator("Clock").validate(side.http.get("/clock").json())
    validator("Problem").validate(side.send("activate", [], command_id=4).json())
