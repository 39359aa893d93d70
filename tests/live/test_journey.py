"""One rollout, from its notice to its last hub, with every process of the portal and the simulator's truth."""

from __future__ import annotations

import pytest

from demo.journey.report import MUST_BE_NOTHING
from tests.live.scripts import play


@pytest.mark.live
@pytest.mark.requirement(
    "R1.2", "R2.3", "R2.6", "R3.1", "R3.2", "R3.3", "R3.4", "R3.5", "R3.7", "R3.9", "R3.11", "R3.12", "R4.2",
    "R4.6", "R4.7", "R4.8", "R4.11", "R6.5", "R6.6",
)  # fmt: skip
def test_a_rollout_comes_to_its_end_and_everything_is_as_the_hubs_say(tmp_path):
    report, _ = play("journey", "--hubs=2000", home=tmp_path)

    assert {name: report[name] for name in MUST_BE_NOTHING} == dict.fromkeys(MUST_BE_NOTHING, 0)
    assert report["hubs"] == 2000
    assert report["activated"] > 0.9 * report["eligible"] > 0
    assert report["split_hubs"] > 0.08 * report["eligible"]
    assert 0 < report["pilot"] < report["instructed"] < report["eligible"]
    assert report["agreements_lapsed"] > 0
    assert list(report["rollouts"].values()) == ["COMPLETE"] * 4
    assert report["reminded"] > 0
    assert report["proposed"] > 0
    assert report["brought_forward"] > 0
    assert report["confirmed_outside"] > report["silent_outside"]
    assert {
        "UNKNOWN_DEVICE", "MALFORMED_ID", "DUPLICATE_IN_LIST", "NOT_A_CHF", "NOT_COMMISSIONED", "LEFT_SERVICE",
        "MODEL_MISMATCH", "ALREADY_AT_VERSION", "UPGRADE_PATH", "SMETS1_OUT_OF_SCOPE", "ALREADY_UPDATED",
        "ALREADY_SENT", "NOTHING_TO_CHANGE", "NOTHING_TO_AGREE_WITH",
    } <= set(report["rejected_by_reason"])  # fmt: skip
    # One Supplier works by signed XML alone.
    assert set(report["xml_kinds"]) == {"INSTRUCT", "AGREE", "DECLINE", "WITHDRAW", "READ"}
    assert report["xml_alerts"] > 0.05 * report["eligible"]
    assert len(report["refused"]) == 2  # after the cut-off, and at DCC's own time
