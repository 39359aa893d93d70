"""Fault profiles: the presets, and what is refused."""

from __future__ import annotations

import orjson
import pytest

from hubsim.profile import Delay, MalformedProfile, Profile, preset, preset_names, read_profile


def test_the_promised_presets_are_there():
    assert set(preset_names()) == {"bad-release", "calm", "hostile", "instant", "realistic"}


@pytest.mark.parametrize("name", preset_names())
def test_a_preset_survives_being_written_and_read(name):
    profile = preset(name)

    assert profile.name == name
    assert read_profile(orjson.loads(orjson.dumps(profile.as_json()))) == profile


@pytest.mark.parametrize("name", preset_names())
def test_no_outcome_of_a_preset_is_certain(name):
    profile = preset(name)

    for faults in profile.by_region():
        assert faults.unreachable + faults.transfer_failed + faults.image_discarded < 0.5
        assert faults.no_image_held + faults.hash_mismatch + faults.activation_failure < 0.5
        assert faults.mute_new + faults.mute_old + faults.mute_lost < 0.5


def test_the_realistic_rates_are_those_assumed_for_the_estate():
    profile = preset("realistic")

    assert profile.regions["North"].unreachable == 0.03
    assert profile.everywhere.unreachable == 0.015
    assert profile.regions["4G South"].unreachable == 0.005
    assert profile.everywhere.mute_new == 0.01


def test_a_region_takes_what_it_does_not_say_from_everywhere():
    profile = read_profile(
        {
            "name": "x",
            "everywhere": {"unreachable": 0.5, "mute_new": 0.1},
            "regions": {"North": {"mute_new": 0}},
        }
    )

    assert profile.regions["North"].unreachable == 0.5
    assert profile.regions["North"].mute_new == 0


def test_one_number_is_a_constant_delay():
    profile = read_profile({"everywhere": {"answer_seconds": 5}})

    assert profile.everywhere.answer_seconds == Delay(5, 5, 5)


def test_a_profile_may_say_nothing():
    assert read_profile({}) == Profile(name="custom")


@pytest.mark.parametrize(
    ("document", "complaint"),
    [
        ([], "an object is needed"),
        ({"colour": 1}, "unknown colour"),
        ({"everywhere": {"unreachabel": 0.1}}, "unknown unreachabel"),
        ({"everywhere": {"unreachable": 1.5}}, "at most 1"),
        ({"everywhere": {"unreachable": -1}}, "at least 0"),
        ({"everywhere": {"unreachable": "often"}}, "a number"),
        ({"everywhere": {"unreachable": True}}, "a number"),
        ({"everywhere": {"unreachable": {"typical": 1}}}, "a number"),
        ({"everywhere": {"answer_seconds": {"usual": 1}}}, "unknown usual"),
        ({"regions": {"Atlantis": {}}}, "unknown Atlantis"),
        ({"messages": 5}, "messages: an object"),
        ({"bad_firmware": {"versions": "all"}}, "a list of texts"),
    ],
)
def test_what_is_no_profile_is_refused_with_the_place(document, complaint):
    with pytest.raises(MalformedProfile, match=complaint):
        read_profile(document)


def test_an_unknown_preset_is_refused_with_those_there_are():
    with pytest.raises(MalformedProfile, match="realistic"):
        preset("perfect")
