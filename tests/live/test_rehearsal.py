"""A bad release, halted by its rule, let go on by the Panel, and run to its last hub, with every process."""

from __future__ import annotations

import pytest

from tests.live.scripts import play


@pytest.mark.live
@pytest.mark.requirement("R5.3", "R5.4", "R5.6", "R5.7")
def test_a_bad_release_is_halted_and_goes_on_to_its_end_once_it_is_mended(tmp_path):
    report, _ = play("incident", "--outcome=PROCEED", "--hubs=5000", home=tmp_path)

    assert (report["outcome"], report["status"]) == ("PROCEED", "COMPLETE")
    assert set(report["wrong"].values()) == {0}
    assert "Devices lost" in report["why"]
    assert 0 < report["activated_before_the_halt"] < report["activated_in_all"] <= report["hubs"]
