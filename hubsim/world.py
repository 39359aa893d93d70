"""The simulated world: takes commands, lets time pass, yields alerts. No network, no clock."""

from __future__ import annotations

from collections.abc import Callable
from enum import IntEnum
from typing import Final

import numpy as np
import numpy.typing as npt

from hubsim.agenda import Agenda
from hubsim.alerts import ALERT, NO_VERSION, Alerts
from hubsim.behaviour import Attempts, Behaviour, Bool, SilenceKind, Small
from hubsim.codes import CSP_BY_REGION, AlertReason, HubAlertCode, HubCommandKind
from hubsim.commands import CommandLog, ImageShelf, ReceivedCommand
from hubsim.estate import SimulatedEstate
from hubsim.hubs import NOTHING, Hubs, Places
from hubsim.messages import spread
from hubsim.profile import Profile
from hubsim.randomness import F64, U64, hashes, key_of


class DueEvent(IntEnum):
    """What may come due at a hub."""

    DISTRIBUTED = 0
    ACTIVATE_ARRIVES = 1
    ACTIVATES = 2
    CANCEL_ARRIVES = 3
    READ_ARRIVES = 4


_EVENT: Final[np.dtype[np.void]] = np.dtype(
    [("due", "f8"), ("hub", "i4"), ("command", "i4"), ("number", "u2"), ("kind", "u1")]
)
Events = npt.NDArray[np.void]

_ARRIVAL: Final = {
    HubCommandKind.DISTRIBUTE: DueEvent.DISTRIBUTED,
    HubCommandKind.ACTIVATE: DueEvent.ACTIVATE_ARRIVES,
    HubCommandKind.CANCEL: DueEvent.CANCEL_ARRIVES,
    HubCommandKind.READ: DueEvent.READ_ARRIVES,
}
# How a command to a hub that cannot be reached ends.
_MISSED: Final = {
    HubCommandKind.DISTRIBUTE: (HubAlertCode.DELIVERY_FAILED, AlertReason.UNREACHABLE),
    HubCommandKind.ACTIVATE: (HubAlertCode.DELIVERY_FAILED, AlertReason.UNREACHABLE),
    HubCommandKind.CANCEL: (HubAlertCode.CANCEL_FAILED, AlertReason.UNREACHABLE),
    HubCommandKind.READ: (HubAlertCode.READ_RESULT, AlertReason.NO_RESPONSE),
}
_CSP_OF_REGION: Final = np.array(CSP_BY_REGION, dtype=np.uint8)
_STRANGER_REGION: Final = 7
_STREAM_KEY: Final = 100


class World:
    """Every hub of an estate, and everything that is still to happen to it."""

    def __init__(self, estate: SimulatedEstate, *, seed: int, profile: Profile) -> None:
        self.hubs = Hubs(estate)
        self.versions = list(estate.versions)
        self.commands = CommandLog()
        self.images = ImageShelf(seed=seed, versions=self.versions, models=estate.models)
        self._seed = seed
        self._events = Agenda(_EVENT)
        self._outbound = Agenda(ALERT)
        self._handlers: dict[DueEvent, Callable[[Events], Alerts]] = {
            DueEvent.DISTRIBUTED: self._distributed,
            DueEvent.ACTIVATE_ARRIVES: self._activate_arrives,
            DueEvent.ACTIVATES: self._activates,
            DueEvent.CANCEL_ARRIVES: self._cancel_arrives,
            DueEvent.READ_ARRIVES: self._read_arrives,
        }
        self.follow(profile)

    def follow(self, profile: Profile) -> None:
        """Behave by this profile from now on. What is under way keeps the delays it has drawn."""
        self._behaviour = Behaviour(profile, seed=self._seed)

    @property
    def profile(self) -> Profile:
        """The fault profile in force."""
        return self._behaviour.profile

    @property
    def waiting(self) -> tuple[int, int]:
        """How many events at hubs, and how many alerts on their way, are still to come."""
        return len(self._events), len(self._outbound)

    def next_due(self) -> float:
        """Return the business time of the next thing to happen."""
        return min(self._events.next_due(), self._outbound.next_due())

    def take(self, command: ReceivedCommand, *, now: float) -> int:
        """Let a command loose; return how many hubs it is for. The caller lets none in twice."""
        number = self.commands.add(command, image=self.images.number_of(command.image))
        places, known = self.hubs.estate.find(command.guids)
        if not known.all():
            self._answer_for_strangers(command, number, command.guids[~known], now=now)
            places = places[known]
        hubs = places.astype(np.intp)
        attempts = self._attempts_at(hubs, self.hubs.next_attempt(command.kind, hubs))
        delay = "distribute_seconds" if command.kind is HubCommandKind.DISTRIBUTE else "answer_seconds"
        arrivals = now + self._behaviour.delay(attempts, delay, kind=command.kind)
        if command.kind is not HubCommandKind.DISTRIBUTE:
            arrivals = self.hubs.arrive_in_order(hubs, arrivals)
        self._plan(_ARRIVAL[command.kind], hubs, number, attempts.number, arrivals)
        if command.kind is HubCommandKind.ACTIVATE:
            begun = np.maximum(arrivals, self.commands.execute_at[number])
            done = begun + self._behaviour.delay(attempts, "reboot_seconds")
            self._plan(DueEvent.ACTIVATES, hubs, number, attempts.number, done)
        return len(command.guids)

    def advance(self, now: float, *, limit: int = 100_000) -> int:
        """Let happen what is due by now, in the order of time; return how much, about `limit` at most."""
        events = self._events.due(now, limit=limit)
        for batch in _one_a_hub(events):
            for happening, handle in self._handlers.items():
                mine = batch[batch["kind"] == happening]
                if len(mine):
                    self._send(handle(mine))
        return len(events)

    def ready(self, now: float, *, limit: int = 100_000) -> Alerts:
        """Hand over the alerts that are due to be sent by now."""
        return self._outbound.due(now, limit=limit)

    # What happens at hubs. Each hub occurs once in `events`.

    def _distributed(self, events: Events) -> Alerts:
        hubs, attempts = self._who(events)
        image = self.commands.image[events["command"]]
        code, reason = self._behaviour.distribution(attempts)
        fits = self.images.model[image] == self.hubs.model[hubs]
        delivered = code != HubAlertCode.DELIVERY_FAILED
        code = np.where(delivered & ~self.images.genuine[image], HubAlertCode.VERIFICATION_FAILED, code)
        code = np.where(delivered & ~fits, HubAlertCode.DELIVERY_FAILED, code)
        reason = np.where(delivered & ~fits, AlertReason.HARDWARE_MISMATCH, reason)
        missed = self.hubs.deaf[hubs] | self.hubs.gone[hubs] | self._behaviour.out_of_reach(attempts)
        code = np.where(missed, HubAlertCode.DELIVERY_FAILED, code)
        reason = np.where(missed, AlertReason.UNREACHABLE, reason)
        verified = code == HubAlertCode.VERIFIED
        self.hubs.held_image[hubs[verified]] = image[verified]
        self.hubs.held_image[hubs[code == HubAlertCode.VERIFICATION_FAILED]] = NOTHING
        # A new image ends the story of the activation before it.
        idle = hubs[verified & (self.hubs.pending_command[hubs] == NOTHING)]
        self.hubs.pending_at[idle] = np.nan
        return self._alerts(events, code, reason)

    def _activate_arrives(self, events: Events) -> Alerts:
        hubs, missed = self._reached(events, HubCommandKind.ACTIVATE)
        reached = hubs[~missed]
        execute_at = self.commands.execute_at[events["command"]]
        self.hubs.pending_command[reached] = events["command"][~missed]
        self.hubs.pending_at[reached] = np.maximum(execute_at, events["due"])[~missed]
        dated = execute_at > events["due"]
        code = np.where(missed, HubAlertCode.DELIVERY_FAILED, HubAlertCode.CS06_ACCEPTED)
        reason = np.where(missed, AlertReason.UNREACHABLE, AlertReason.NONE)
        reported = missed | dated
        return self._alerts(events[reported], code[reported], reason[reported])

    def _activates(self, events: Events) -> Alerts:
        # A command that never arrived, was cancelled or replaced has nothing left to do.
        events = events[self.hubs.pending_command[events["hub"]] == events["command"]]
        hubs, attempts = self._who(events)
        image = self.commands.image[events["command"]]
        target = self.images.version[image]
        response = self._response(hubs, image, target, attempts)
        silence = np.where(
            response == AlertReason.SUCCESS, self._behaviour.silence(attempts), SilenceKind.SPEAKS
        )
        lost = silence == SilenceKind.LOST
        stays = (silence == SilenceKind.RUNS_OLD) | (lost & ~self._behaviour.lost_runs_new(attempts))
        activated = (response == AlertReason.SUCCESS) & ~stays & (self.hubs.version[hubs] != target)
        self.hubs.pending_command[hubs] = NOTHING
        self.hubs.silence[hubs] = silence
        self.hubs.deaf[hubs] |= lost
        self._run(hubs[activated], target[activated], events["due"][activated])
        self._break_homes(hubs[activated], attempts, activated, target[activated])
        # Read from the log, not from the event: late arrival turns a future date into an immediate one.
        begun = self.hubs.pending_at[hubs]
        dated = begun == self.commands.execute_at[events["command"]]
        failed = np.where(
            response == AlertReason.SUCCESS, HubAlertCode.ACTIVATION_SUCCESS, HubAlertCode.ACTIVATION_FAILED
        )
        code = np.where(dated, failed, HubAlertCode.CS06_RESPONSE)
        speaks = silence == SilenceKind.SPEAKS
        return self._alerts(events[speaks], code[speaks], response[speaks], self.hubs.version[hubs[speaks]])

    def _cancel_arrives(self, events: Events) -> Alerts:
        hubs, missed = self._reached(events, HubCommandKind.CANCEL)
        too_late = self.hubs.pending_at[hubs] <= events["due"]
        refused = self._behaviour.refuses_cancel(self._who(events)[1])
        failed = missed | too_late | refused
        reason = np.select(
            [missed, too_late, refused],
            [AlertReason.UNREACHABLE, AlertReason.TOO_LATE, AlertReason.REJECTED],
            AlertReason.NONE,
        )
        self.hubs.pending_command[hubs[~failed]] = NOTHING
        self.hubs.pending_at[hubs[~failed]] = np.nan
        return self._alerts(
            events, np.where(failed, HubAlertCode.CANCEL_FAILED, HubAlertCode.CANCELLED), reason
        )

    def _read_arrives(self, events: Events) -> Alerts:
        hubs, missed = self._reached(events, HubCommandKind.READ)
        missed |= self._behaviour.ignores_read(self._who(events)[1])
        reason = np.where(missed, AlertReason.NO_RESPONSE, AlertReason.NONE)
        version = np.where(missed, NO_VERSION, self.hubs.version[hubs])
        return self._alerts(events, np.full(len(events), HubAlertCode.READ_RESULT), reason, version)

    # Steps of the above.

    def _response(
        self, hubs: Places, image: npt.NDArray[np.int32], target: npt.NDArray[np.int32], attempts: Attempts
    ) -> Small:
        held = self.hubs.held_image[hubs]
        by_chance = self._behaviour.activation(attempts)
        runs_it = self.hubs.version[hubs] == target
        response = np.select(
            [runs_it, held == NOTHING, held != image],
            [AlertReason.SUCCESS, AlertReason.NO_IMAGE_HELD, AlertReason.HASH_MISMATCH],
            by_chance,
        )
        return response.astype(np.uint8)

    def _run(self, hubs: Places, version: npt.NDArray[np.int32], at: F64) -> None:
        self.hubs.version[hubs] = self.hubs.gpf_version[hubs] = version
        self.hubs.held_image[hubs] = NOTHING
        self.hubs.activated_at[hubs] = at
        self.hubs.activations[hubs] += 1

    def _break_homes(
        self, hubs: Places, attempts: Attempts, activated: Bool, version: npt.NDArray[np.int32]
    ) -> None:
        mine = Attempts(attempts.guid[activated], attempts.region[activated], attempts.number[activated])
        for number in np.unique(version).tolist():
            same = version == number
            some = Attempts(mine.guid[same], mine.region[same], mine.number[same])
            devices = self.hubs.han_devices[hubs[same]]
            self.hubs.han_lost[hubs[same]] = self._behaviour.devices_lost(
                some, devices, version=self.versions[number]
            )

    def _reached(self, events: Events, kind: HubCommandKind) -> tuple[Places, Bool]:
        hubs, attempts = self._who(events)
        missed = self._behaviour.misses_command(attempts, kind=kind)
        return hubs, missed | self.hubs.deaf[hubs] | self.hubs.gone[hubs]

    def _who(self, events: Events) -> tuple[Places, Attempts]:
        hubs = events["hub"].astype(np.intp)
        return hubs, self._attempts_at(hubs, events["number"])

    def _attempts_at(self, hubs: Places, number: npt.NDArray[np.uint16]) -> Attempts:
        return Attempts(self.hubs.guid[hubs], self.hubs.region[hubs], number)

    def _plan(
        self, kind: DueEvent, hubs: Places, command: int, number: npt.NDArray[np.uint16], due: F64
    ) -> None:
        events = np.zeros(len(hubs), dtype=_EVENT)
        events["due"], events["hub"], events["number"] = due, hubs, number
        events["command"], events["kind"] = command, kind
        self._events.add(events)

    def _alerts(
        self,
        events: Events,
        code: npt.NDArray[np.integer],
        reason: npt.NDArray[np.integer],
        version: npt.NDArray[np.integer] | int = NO_VERSION,
    ) -> Alerts:
        hubs = events["hub"]
        return self._written(
            guid=self.hubs.guid[hubs],
            csp=_CSP_OF_REGION[self.hubs.region[hubs]],
            at=events["due"],
            command=events["command"],
            attempt=events["number"].astype(np.uint64) * np.uint64(16) + events["kind"],
            code=code,
            reason=reason,
            version=version,
        )

    def _written(
        self,
        *,
        guid: U64,
        csp: npt.NDArray[np.integer] | int,
        at: F64 | float,
        command: npt.NDArray[np.integer] | int,
        attempt: U64,
        code: npt.NDArray[np.integer] | int,
        reason: npt.NDArray[np.integer] | int,
        version: npt.NDArray[np.integer] | int = NO_VERSION,
    ) -> Alerts:
        alerts = np.zeros(len(guid), dtype=ALERT)
        alerts["guid"], alerts["csp"], alerts["command"] = guid, csp, command
        alerts["due"] = alerts["occurred"] = at
        alerts["code"], alerts["reason"], alerts["version"] = code, reason, version
        # A hub says one thing at most once about an attempt: that makes the id.
        identity = attempt * np.uint64(16) + alerts["code"].astype(np.uint64)
        alerts["key"] = hashes(guid, identity, key=key_of(self._seed, _STREAM_KEY))
        return alerts

    def _answer_for_strangers(self, command: ReceivedCommand, number: int, guids: U64, *, now: float) -> None:
        code, reason = _MISSED[command.kind]
        csp = CSP_BY_REGION[_STRANGER_REGION]
        # Strangers have no attempts that count; the command's number stands for it.
        attempt = np.full(len(guids), (number << 20) + command.kind, dtype=np.uint64)
        self._send(
            self._written(
                guid=guids, csp=csp, at=now, command=number, attempt=attempt, code=code, reason=reason
            )
        )

    def _send(self, alerts: Alerts) -> None:
        self._outbound.add(spread(alerts, self.profile.messages, seed=self._seed))


def _one_a_hub(events: Events) -> list[Events]:
    # Events come in the order of time. The n-th event of each hub goes into the n-th batch.
    hubs = events["hub"]
    order = np.argsort(hubs, kind="stable")
    ordered = hubs[order]
    first = np.ones(len(events), dtype=np.bool_)
    first[1:] = ordered[1:] != ordered[:-1]
    if first.all():
        return [events] if len(events) else []
    places = np.arange(len(events))
    rank = np.empty(len(events), dtype=np.intp)
    rank[order] = places - np.maximum.accumulate(np.where(first, places, 0))
    return [events[rank == nth] for nth in range(int(rank.max()) + 1)]
