"""From a suspension to what the Panel decides: recommended, enacted, and told to everybody (R5.3 to R5.6)."""

from __future__ import annotations

import threading
from datetime import timedelta

import pytest
from django.db import connection

from portal.events.kinds import EntryKind
from portal.events.models import Event, FeedOutbox
from portal.kernel.refusals import BadInput, NotFound, NotPermitted
from rollouts import services
from rollouts.models import Command, Decision, Rollout, Target
from rollouts.rules import RuleBroken
from rollouts.states import ReviewOutcome, RolloutStatus
from rollouts.states.governing import DecisionStatus
from tests.factories import make_rollout
from tests.integration.deciding import decide, open_decision, recommended, sign, status_of

pytestmark = pytest.mark.django_db


def suspend(world, rollout, now, reason="Devices are lost."):
    services.take_step(world.operator, rollout_id=rollout.pk, verb="suspend", reason=reason, now=now)


class TestTheWayOfADecision:
    def test_a_suspension_opens_a_review_with_its_reason(self, world, rollout, now):
        suspend(world, rollout, now)

        decision = open_decision(rollout)
        assert (decision.status, decision.because) == ("REVIEW", "Devices are lost.")

    @pytest.mark.requirement("R5.3")
    @pytest.mark.parametrize(
        ("outcome", "stands"), [("PROCEED", "SAFE_LAUNCH"), ("PAUSE", "PAUSED"), ("STOP", "STOPPED")]
    )
    def test_what_is_recommended_happens_once_it_is_confirmed_and_not_before(
        self, world, rollout, now, outcome, stands
    ):
        suspend(world, rollout, now)

        decision = recommended(world, rollout, outcome, now)
        assert status_of(rollout) == "SUSPENDED"
        signed = sign(world.as_panel, decision, now)

        assert status_of(rollout) == stands
        assert (signed.status, signed.still_needed) == ("ENACTED", ())

    def test_to_proceed_with_what_runs_is_recorded_and_changes_nothing(self, world, rollout, now):
        signed = decide(world, rollout, "PROCEED", now)

        assert (signed.status, status_of(rollout)) == ("ENACTED", "SAFE_LAUNCH")
        assert Event.objects.filter(name="decision.enacted").count() == 1

    def test_a_rejection_leaves_the_rollout_as_it_stands_and_reopens_the_review(self, world, rollout, now):
        suspend(world, rollout, now)
        decision = recommended(world, rollout, "PROCEED", now)

        signed = sign(world.as_panel, decision, now, verdict="REJECT", comment="The cause is not known.")

        assert (signed.status, status_of(rollout)) == ("REJECTED", "SUSPENDED")
        anew = open_decision(rollout)
        assert anew.pk != decision.pk
        assert "The cause is not known." in anew.because

    def test_the_figures_are_kept_as_they_stood_when_it_was_recommended(self, world, rollout, now):
        Target.objects.filter(rollout_id=rollout.pk, guid__lt=world.guid(4)).update(state=60, consent=4)
        Target.objects.filter(rollout_id=rollout.pk, guid=world.guid(4)).update(state=51, code=32, consent=4)

        decision = recommended(world, rollout, "PAUSE", now)

        assert decision.evidence["failures"]["hits"] == 1
        assert decision.evidence["failures"]["sample"] == 5
        assert decision.evidence["states"]["ACTIVATED"] == 4

    def test_a_word_without_reasons_or_sense_is_refused(self, world, rollout, now):
        decision = services.open_review(world.operator, rollout_id=rollout.pk, because="Look.", now=now)

        def word(**terms):
            return services.recommend(
                world.operator,
                decision_id=decision.pk,
                version=decision.version,
                now=now,
                **{"outcome": "PAUSE", "reasons": "Because.", **terms},
            )

        for wrong in ({"outcome": "MAYBE"}, {"reasons": " "}, {"automatic_at": now + timedelta(days=200)}):
            with pytest.raises(BadInput):
                word(**wrong)
        with pytest.raises(BadInput):
            word(outcome="DELAY")
        with pytest.raises(RuleBroken):
            word(outcome="DELAY", automatic_at=rollout.automatic_at)

    def test_there_is_one_open_decision_a_rollout(self, world, rollout, now):
        suspend(world, rollout, now)
        first = open_decision(rollout)

        again = services.open_review(world.operator, rollout_id=rollout.pk, because="Again.", now=now)

        assert again.pk == first.pk


class TestWhatCrosses:
    def test_a_suspension_takes_back_a_recommendation_that_did_not_know_of_it(self, world, rollout, now):
        decision = recommended(world, rollout, "PROCEED", now)
        suspend(world, rollout, now, reason="It fails more often now.")

        with pytest.raises(services.DecisionClosed):
            sign(world.as_panel, decision, now)
        decision.refresh_from_db()
        assert (decision.status, decision.version) == ("REVIEW", 3)
        assert status_of(rollout) == "SUSPENDED"

    def test_two_halts_at_once_are_one_suspension_and_one_review(self, world, rollout, now):
        suspend(world, rollout, now)

        with pytest.raises(services.StepRefused):
            suspend(world, rollout, now)
        services.halt(world.operator, rollout_id=rollout.pk, verb="suspend", reason="Also I.", now=now)
        assert Decision.objects.filter(rollout=rollout).count() == 1

    @pytest.mark.parametrize("ends", ["revoke", "complete"])
    def test_the_end_of_a_rollout_overtakes_what_is_open(self, world, rollout, now, ends):
        decision = recommended(world, rollout, "PAUSE", now)
        if ends == "revoke":
            services.take_step(
                world.operator, rollout_id=rollout.pk, verb="revoke", reason="Bad image.", now=now
            )
        else:
            Target.objects.filter(rollout_id=rollout.pk).update(state=60, consent=4)
            assert services.complete_finished(now) == 1

        decision.refresh_from_db()
        assert decision.status == DecisionStatus.OVERTAKEN
        with pytest.raises(services.DecisionClosed):
            sign(world.as_panel, decision, now)
        with pytest.raises(services.StepRefused):
            services.open_review(world.operator, rollout_id=rollout.pk, because="Late.", now=now)

    @pytest.mark.django_db(transaction=True)
    def test_a_halt_and_a_resume_at_the_same_moment_come_one_after_the_other(self, world, rollout, now):
        suspend(world, rollout, now)
        decision = recommended(world, rollout, "PROCEED", now)
        outcomes = []
        ready = threading.Barrier(2)

        def run(name, act):
            ready.wait(5)
            try:
                act()
                outcomes.append(name)
            except services.StepRefused:
                outcomes.append(f"{name} refused")
            finally:
                connection.close()

        halter = threading.Thread(target=run, args=("halted", lambda: suspend(world, rollout, now)))
        signer = threading.Thread(target=run, args=("resumed", lambda: sign(world.as_panel, decision, now)))
        halter.start()
        signer.start()
        halter.join(10)
        signer.join(10)

        # Either the halt came last and the rollout stands, or it was refused as the rollout stood already.
        assert sorted(outcomes) in (["halted", "resumed"], ["halted refused", "resumed"])
        assert status_of(rollout) == ("SUSPENDED" if "halted" in outcomes else "SAFE_LAUNCH")
        assert (open_decision(rollout) is not None) == ("halted" in outcomes)


class TestWhatEverybodyHears:
    @pytest.mark.requirement("R5.5")
    def test_each_party_hears_the_decision_in_numbers_of_its_own(self, world, rollout, now):
        suspend(world, rollout, now)
        Target.objects.filter(rollout_id=rollout.pk, guid__lt=world.guid(2)).update(state=40, consent=4)
        Target.objects.filter(rollout_id=rollout.pk, guid=world.guid(2)).update(state=60, consent=4)

        decide(world, rollout, "STOP", now)

        entries = {e.party_id: e.data for e in FeedOutbox.objects.filter(kind=EntryKind.DECISION_MADE)}
        mine = entries[world.supplier.pk]
        assert mine["outcome"] == "STOP"
        assert mine["hubs"] == 16
        assert mine["means"]["withdrawn"] == 15
        assert mine["means"]["settled"] == 1
        assert "keep it" in mine["what_to_do"]
        assert mine["automatic_at"] == rollout.automatic_at.isoformat()
        assert entries[world.other.pk]["hubs"] == 6
        assert {world.csp.pk, world.panel.pk, world.dcc.pk} <= set(entries)

    def test_a_recommendation_is_for_the_boards_alone(self, world, rollout, now):
        recommended(world, rollout, "PAUSE", now)

        entries = FeedOutbox.objects.filter(kind=EntryKind.DECISION_RECOMMENDED)
        assert set(entries.values_list("party_id", flat=True)) == {world.dcc.pk, world.panel.pk}

    def test_a_supplier_has_no_part_in_a_decision(self, world, rollout, now):
        for act in (
            lambda: services.open_review(world.as_supplier, rollout_id=rollout.pk, because="-", now=now),
            lambda: services.propose_requirements(world.as_supplier, rows=[], reasons="-", now=now),
        ):
            with pytest.raises(NotPermitted):
                act()


@pytest.mark.parametrize("status", list(RolloutStatus))
@pytest.mark.parametrize("outcome", list(ReviewOutcome))
def test_every_outcome_is_defined_wherever_a_rollout_stands(world, now, status, outcome):
    rollout = make_rollout(world, now=now)
    days = {"DELAY": 30, "BRING_FORWARD": -30}.get(outcome)
    terms = {"automatic_at": rollout.automatic_at + timedelta(days=days)} if days else {}
    decision = recommended(world, rollout, outcome, now, **terms)
    stood_at = "SAFE_LAUNCH" if status in {"SUSPENDED", "PAUSED"} else ""
    Rollout.objects.filter(pk=rollout.pk).update(status=status, stood_at=stood_at)

    lands = {
        "PROCEED": {"SUSPENDED": "SAFE_LAUNCH", "PAUSED": "SAFE_LAUNCH"},
        "DELAY": {"SUSPENDED": "SAFE_LAUNCH", "PAUSED": "SAFE_LAUNCH"},
        "BRING_FORWARD": {"SUSPENDED": "SAFE_LAUNCH", "PAUSED": "SAFE_LAUNCH"},
        "PAUSE": dict.fromkeys(["NOTIFIED", "PILOT", "PILOT_REVIEW", "SAFE_LAUNCH", "SUSPENDED"], "PAUSED"),
        "STOP": dict.fromkeys(
            ["NOTIFIED", "PILOT", "PILOT_REVIEW", "SAFE_LAUNCH", "SUSPENDED", "PAUSED"], "STOPPED"
        ),
    }
    if status in {"DRAFT", "COMPLETE", "STOPPED", "REVOKED"}:
        with pytest.raises((services.StepRefused, NotFound)):
            sign(world.as_panel, decision, now)
        assert status_of(rollout) == status
    else:
        assert sign(world.as_panel, decision, now).status == "ENACTED"
        assert status_of(rollout) == lands[outcome].get(status, status)
    assert Command.objects.count() == 0
