"""How hubs react: purely, and at the rates of the profile."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hubsim.behaviour import Attempts, Behaviour, SilenceKind
from hubsim.codes import REGIONS, AlertReason, HubAlertCode, HubCommandKind
from hubsim.profile import BadFirmware, preset, preset_names

MANY = 200_000


def at(region, *, hubs=MANY, number=1):
    return Attempts(
        guid=np.arange(hubs, dtype=np.uint64) * np.uint64(977) + np.uint64(0x00DB123400000000),
        region=np.full(hubs, REGIONS.index(region), dtype=np.uint8),
        number=np.full(hubs, number, dtype=np.uint16),
    )


def every_answer(behaviour, attempts):
    """Everything that can be asked about attempts, as columns."""
    devices = np.full(len(attempts.guid), 4, dtype=np.uint8)
    return np.stack(
        [
            *behaviour.distribution(attempts),
            behaviour.activation(attempts),
            behaviour.silence(attempts),
            behaviour.lost_runs_new(attempts),
            behaviour.refuses_cancel(attempts),
            behaviour.ignores_read(attempts),
            behaviour.out_of_reach(attempts),
            *(behaviour.misses_command(attempts, kind=kind) for kind in HubCommandKind),
            behaviour.devices_lost(attempts, devices, version="0C230000"),
            *(behaviour.delay(attempts, f"{n}_seconds") for n in ("distribute", "answer", "reboot")),
        ],
        axis=1,
    )


@settings(deadline=None)
@given(
    name=st.sampled_from(preset_names()),
    seed=st.integers(0, 2**62),
    hubs=st.lists(
        st.tuples(st.integers(0, 2**64 - 1), st.integers(1, 8), st.integers(1, 9)), min_size=1, max_size=12
    ),
    order=st.randoms(use_true_random=False),
)
def test_what_a_hub_does_depends_on_nothing_but_itself(name, seed, hubs, order):
    def attempts_of(some):
        guid, region, number = zip(*some, strict=True)
        return Attempts(
            np.array(guid, dtype=np.uint64),
            np.array(region, dtype=np.uint8),
            np.array(number, dtype=np.uint16),
        )

    together = dict(
        zip(hubs, every_answer(Behaviour(preset(name), seed=seed), attempts_of(hubs)).tolist(), strict=True)
    )
    shuffled = list(hubs)
    order.shuffle(shuffled)

    again = Behaviour(preset(name), seed=seed)
    for hub in shuffled:
        assert every_answer(again, attempts_of([hub])).tolist() == [together[hub]]


def test_another_seed_or_another_attempt_draws_anew():
    behaviour = Behaviour(preset("hostile"), seed=1)
    first = behaviour.distribution(at("North"))[0]

    assert (first != behaviour.distribution(at("North", number=2))[0]).any()
    assert (first != Behaviour(preset("hostile"), seed=2).distribution(at("North"))[0]).any()


@pytest.mark.requirement("R6.5")
@pytest.mark.parametrize("region", ["North", "Central", "4G South"])
def test_distributions_end_at_the_rates_of_the_region(region):
    profile = preset("realistic")
    faults = profile.regions.get(region, profile.everywhere)
    code, reason = Behaviour(profile, seed=3).distribution(at(region))

    for name, expected in (
        ("UNREACHABLE", faults.unreachable),
        ("TRANSFER_FAILED", faults.transfer_failed),
        ("IMAGE_DISCARDED", faults.image_discarded),
        ("HARDWARE_MISMATCH", faults.hardware_mismatch),
    ):
        ended_so = (code == HubAlertCode.DELIVERY_FAILED) & (reason == AlertReason[name])
        assert ended_so.mean() == pytest.approx(expected, abs=0.0015)
    assert (code == HubAlertCode.VERIFICATION_FAILED).mean() == pytest.approx(
        faults.verification_failed, abs=0.0005
    )


@pytest.mark.requirement("R6.5")
def test_activations_fail_and_fall_silent_at_their_rates():
    faults = preset("hostile").everywhere
    behaviour = Behaviour(preset("hostile"), seed=4)
    response, silence = behaviour.activation(at("South")), behaviour.silence(at("South"))

    assert (response == AlertReason.ACTIVATION_FAILURE).mean() == pytest.approx(
        faults.activation_failure, abs=0.001
    )
    assert (response == AlertReason.NO_IMAGE_HELD).mean() == pytest.approx(faults.no_image_held, abs=0.001)
    assert (silence == SilenceKind.RUNS_NEW).mean() == pytest.approx(faults.mute_new, abs=0.002)
    assert (silence == SilenceKind.RUNS_OLD).mean() == pytest.approx(faults.mute_old, abs=0.001)
    assert (silence == SilenceKind.LOST).mean() == pytest.approx(faults.mute_lost, abs=0.001)


def test_one_kind_of_luck_says_nothing_about_another():
    behaviour = Behaviour(preset("hostile"), seed=5)
    failed = behaviour.activation(at("South")) != AlertReason.SUCCESS
    silent = behaviour.silence(at("South")) != SilenceKind.SPEAKS

    assert (failed & silent).mean() == pytest.approx(failed.mean() * silent.mean(), abs=0.0005)


def test_a_hub_out_of_reach_for_good_stays_so():
    behaviour = Behaviour(preset("realistic"), seed=6)
    forever = behaviour.out_of_reach(at("North"))

    assert forever.mean() == pytest.approx(0.004, abs=0.0005)
    assert (forever == behaviour.out_of_reach(at("North", number=9))).all()
    assert behaviour.misses_command(at("North"), kind=HubCommandKind.READ)[forever].all()


def test_delays_keep_to_their_bounds_and_spread():
    delays = Behaviour(preset("realistic"), seed=7).delay(at("North"), "distribute_seconds")

    assert delays.min() >= 900
    assert delays.max() <= 172_800
    assert delays.mean() == pytest.approx(14_400, rel=0.02)
    assert len(np.unique(delays)) > MANY * 0.99


def test_the_instant_profile_lets_nothing_go_wrong():
    answers = every_answer(Behaviour(preset("instant"), seed=8), at("North", hubs=1000))
    coin = every_answer(Behaviour(preset("instant"), seed=9), at("North", hubs=1000))

    assert len(np.unique(np.delete(answers, 4, axis=1), axis=0)) == 1
    assert (np.delete(answers, 4, axis=1) == np.delete(coin, 4, axis=1)).all()


def test_bad_firmware_breaks_homes_at_its_rate_and_never_more_than_there_is():
    bad = replace(preset("instant"), bad_firmware=BadFirmware(("0C230000",), 0.25))
    behaviour = Behaviour(bad, seed=10)
    devices = (np.arange(MANY) % 5).astype(np.uint8)

    lost = behaviour.devices_lost(at("South"), devices, version="0c230000")

    assert (lost[devices > 0] > 0).mean() == pytest.approx(0.25, abs=0.005)
    assert (lost <= devices).all()
    assert not behaviour.devices_lost(at("South"), devices, version="0C240000").any()
