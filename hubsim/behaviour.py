"""How hubs react.

Pure: what a hub does at an attempt follows from the seed, its GUID, the kind and the number of the attempt,
and the fault profile; not from when it is asked, nor from who is asked with it.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from typing import Final

import numpy as np
import numpy.typing as npt

from hubsim.codes import AlertReason, HubAlertCode
from hubsim.profile import Profile
from hubsim.randomness import F64, U64, key_of, uniforms

Bool = npt.NDArray[np.bool_]
Small = npt.NDArray[np.uint8]


class HubDraw(IntEnum):
    """What is drawn for: a stream of chance of its own each."""

    FOR_GOOD = 1
    DISTRIBUTE_DELAY = 2
    ANSWER_DELAY = 3
    REBOOT_DELAY = 4
    DISTRIBUTION = 5
    REACH = 6
    ACTIVATION = 7
    SILENCE = 8
    LOST_COIN = 9
    HAN = 10
    HAN_COUNT = 11
    CANCEL = 12
    READ = 13


class SilenceKind(IntEnum):
    """Whether a hub tells of its activation, and what a later read would find."""

    SPEAKS = 0
    RUNS_NEW = 1
    RUNS_OLD = 2
    LOST = 3


@dataclass(frozen=True, slots=True)
class Attempts:
    """The same kind of attempt at many hubs: who, where, and the how-manieth for each."""

    guid: U64
    region: Small
    number: npt.NDArray[np.uint16]


# What the columns of the tables below stand for; the place after the last is the good outcome.
_DISTRIBUTION: Final = (
    "unreachable",
    "transfer_failed",
    "image_discarded",
    "hardware_mismatch",
    "verification_failed",
)
_DISTRIBUTION_CODE: Final = np.array(
    [HubAlertCode.DELIVERY_FAILED] * 4 + [HubAlertCode.VERIFICATION_FAILED, HubAlertCode.VERIFIED], np.uint8
)
_DISTRIBUTION_REASON: Final = np.array(
    [
        AlertReason.UNREACHABLE,
        AlertReason.TRANSFER_FAILED,
        AlertReason.IMAGE_DISCARDED,
        AlertReason.HARDWARE_MISMATCH,
        AlertReason.NONE,
        AlertReason.NONE,
    ],
    np.uint8,
)
_ACTIVATION: Final = ("no_image_held", "hash_mismatch", "activation_failure")
_ACTIVATION_REASON: Final = np.array(
    [
        AlertReason.NO_IMAGE_HELD,
        AlertReason.HASH_MISMATCH,
        AlertReason.ACTIVATION_FAILURE,
        AlertReason.SUCCESS,
    ],
    np.uint8,
)
_SILENCE: Final = ("mute_new", "mute_old", "mute_lost")
_SILENCE_KIND: Final = np.array(
    [SilenceKind.RUNS_NEW, SilenceKind.RUNS_OLD, SilenceKind.LOST, SilenceKind.SPEAKS], np.uint8
)
_DELAY_DRAW: Final = {
    "distribute_seconds": HubDraw.DISTRIBUTE_DELAY,
    "answer_seconds": HubDraw.ANSWER_DELAY,
    "reboot_seconds": HubDraw.REBOOT_DELAY,
}


class Behaviour:
    """A fault profile made ready to ask about thousands of hubs at once."""

    def __init__(self, profile: Profile, *, seed: int) -> None:
        self.profile = profile
        self._seed = seed
        self._distribution = profile.share(*_DISTRIBUTION).cumsum(axis=1)
        self._activation = profile.share(*_ACTIVATION).cumsum(axis=1)
        self._silence = profile.share(*_SILENCE).cumsum(axis=1)
        self._delays = {name: profile.delay(name) for name in _DELAY_DRAW}
        self._shares = {
            name: profile.share(name)[:, 0]
            for name in ("unreachable_for_good", "command_unreachable", "cancel_fails", "read_no_response")
        }

    def delay(self, attempts: Attempts, name: str, *, kind: int = 0) -> F64:
        """Draw how long something takes, in business seconds; `kind` is the command's."""
        table = self._delays[name][attempts.region]
        shortest, typical, longest = table[:, 0], table[:, 1], table[:, 2]
        if not longest.any():
            return np.zeros(len(attempts.guid))
        drawn = self._draw(attempts, _DELAY_DRAW[name], kind)
        waited: F64 = np.minimum(shortest - (typical - shortest) * np.log1p(-drawn), longest)
        return waited

    def out_of_reach(self, attempts: Attempts) -> Bool:
        """Return which hubs can never be reached, whatever the attempt."""
        forever = Attempts(attempts.guid, attempts.region, np.zeros(1, dtype=np.uint16))
        return self._happens(forever, "unreachable_for_good", HubDraw.FOR_GOOD)

    def distribution(self, attempts: Attempts) -> tuple[Small, Small]:
        """Return the code and the reason with which each distribution ends."""
        outcome = self._pick(self._distribution, attempts, HubDraw.DISTRIBUTION)
        return _DISTRIBUTION_CODE[outcome], _DISTRIBUTION_REASON[outcome]

    def misses_command(self, attempts: Attempts, *, kind: int) -> Bool:
        """Return which hubs an activation, cancel or read does not reach this time."""
        return self.out_of_reach(attempts) | self._happens(
            attempts, "command_unreachable", HubDraw.REACH, kind
        )

    def activation(self, attempts: Attempts) -> Small:
        """Return the CS06 response each hub would give by chance alone."""
        return _ACTIVATION_REASON[self._pick(self._activation, attempts, HubDraw.ACTIVATION)]

    def silence(self, attempts: Attempts) -> Small:
        """Return which hubs fall silent after activation, and how (see `Silence`)."""
        return _SILENCE_KIND[self._pick(self._silence, attempts, HubDraw.SILENCE)]

    def lost_runs_new(self, attempts: Attempts) -> Bool:
        """Return which of the hubs that nobody hears again run the new version: every other one."""
        return self._draw(attempts, HubDraw.LOST_COIN) < 0.5  # noqa: PLR2004 - a coin

    def refuses_cancel(self, attempts: Attempts) -> Bool:
        """Return which hubs do not let go of a future-dated activation."""
        return self._happens(attempts, "cancel_fails", HubDraw.CANCEL)

    def ignores_read(self, attempts: Attempts) -> Bool:
        """Return which hubs do not answer this read of their version."""
        return self._happens(attempts, "read_no_response", HubDraw.READ)

    def devices_lost(self, attempts: Attempts, devices: Small, *, version: str) -> Small:
        """Return how many devices of its Home Area Network each hub loses with this version."""
        bad = self.profile.bad_firmware
        if not bad.breaks(version):
            return np.zeros(len(devices), dtype=np.uint8)
        harmed = (self._draw(attempts, HubDraw.HAN) < bad.han_lost) & (devices > 0)
        lost = np.ceil(self._draw(attempts, HubDraw.HAN_COUNT) * devices)
        return np.where(harmed, np.clip(lost, 1, devices), 0).astype(np.uint8)

    def _draw(self, attempts: Attempts, draw: HubDraw, kind: int = 0) -> F64:
        return uniforms(attempts.guid, attempts.number, key=key_of(self._seed, draw, kind))

    def _happens(self, attempts: Attempts, name: str, draw: HubDraw, kind: int = 0) -> Bool:
        share = self._shares[name]
        if not share.any():
            return np.zeros(len(attempts.guid), dtype=np.bool_)
        happens: Bool = self._draw(attempts, draw, kind) < share[attempts.region]
        return happens

    def _pick(self, edges: F64, attempts: Attempts, draw: HubDraw) -> npt.NDArray[np.intp]:
        if not edges.any():
            return np.full(len(attempts.guid), edges.shape[1], dtype=np.intp)
        drawn = self._draw(attempts, draw)
        places: npt.NDArray[np.intp] = (drawn[:, None] >= edges[attempts.region]).sum(axis=1)
        return places
