"""From a suspension to what the Panel decides: recommended, signed, enacted, and told to everybody (R5.3 to R5.6)."""

from __future__ import annotations

import threading
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta

import pytest
from django.db import connection

from portal.events.kinds import EntryKind
from portal.events.models import Event, FeedOutbox
from portal.identity.models import OrganisationKind
from portal.identity.scope import Scope
from portal.kernel.refusals import BadInput, NotFound, NotPermitted
from rollouts import services
from rollouts.models import Command, Decision, Rollout, SignOff, SignOffRequirement, Target
from rollouts.reads.governance.signing import standing_of
from rollouts.rules import RuleBroken
from rollouts.states import ReviewOutcome, RolloutStatus
from rollouts.states.governing import DecisionStatus
from tests.factories import OrganisationFactory, UserFactory, make_rollout
from tests.integration.deciding import decide, open_decision, recommended, sign

pytestmark = pytest.mark.django_db


def suspend(world, rollout, now, reason="Devices are lost."):
    services.take_step(world.operator, rollout_id=rollout.pk, verb="suspend", reason=reason, now=now)


def status_of(rollout):
    return Rollout.objects.values_list("status", flat=True).get(pk=rollout.pk)


def second_member(world):
    return Scope.of(UserFactory(organisation=world.panel))


class TestTheWayOfADecision:
    @pytest.mark.requirement("R5.4")
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


class TestSignatures:
    def test_two_of_the_panel_or_a_sub_committee_of_its_own_may_confirm(self, world, rollout, now):
        committee = OrganisationFactory(kind=OrganisationKind.PANEL, name="Operations Group")
        chair = Scope.of(UserFactory(organisation=committee))
        other_member = second_member(world)
        proposal = services.propose_requirements(
            world.operator,
            rows=[
                {"option": 1, "organisation": world.panel.pk, "role": "PANEL_MEMBER", "number": 2},
                {"option": 2, "organisation": committee.pk, "role": "PANEL_MEMBER", "number": 1},
            ],
            reasons="Terms of reference.",
            now=now,
        )
        assert sign(chair, proposal, now).status == "ENACTED"

        decision = recommended(world, rollout, "PAUSE", now)
        signed = sign(world.as_panel, decision, now)
        assert (signed.status, status_of(rollout)) == ("RECOMMENDED", "SAFE_LAUNCH")
        assert signed.still_needed == (
            "one panel member of SEC Panel",
            "one panel member of Operations Group",
        )
        signed = sign(other_member, decision, now)
        assert (signed.status, status_of(rollout)) == ("ENACTED", "PAUSED")

        proceeds = recommended(world, rollout, "PROCEED", now)
        assert sign(chair, proceeds, now).status == "ENACTED"

    def test_an_edit_voids_the_signatures_of_the_earlier_wording(self, world, rollout, now):
        member = second_member(world)
        rows = [{"organisation": world.panel.pk, "role": "PANEL_MEMBER", "number": 2}]
        proposal = services.propose_requirements(world.operator, rows=rows, reasons="Two see more.", now=now)
        sign(world.as_panel, proposal, now)
        sign(member, proposal, now)
        decision = recommended(world, rollout, "PAUSE", now)
        sign(world.as_panel, decision, now)

        edited = services.recommend(
            world.operator,
            decision_id=decision.pk,
            version=decision.version,
            outcome="STOP",
            reasons="It is worse than it seemed.",
            now=now,
        )

        with pytest.raises(services.RecommendationChanged):
            sign(member, decision, now)
        signed = sign(member, edited, now)
        assert (signed.status, status_of(rollout)) == ("RECOMMENDED", "SAFE_LAUNCH")
        assert sign(world.as_panel, edited, now).status == "ENACTED"
        assert SignOff.objects.filter(decision=decision, voided_at=now).count() == 1

    def test_two_editors_at_once_do_not_overwrite_each_other(self, world, rollout, now):
        decision = recommended(world, rollout, "PAUSE", now)

        with pytest.raises(services.RecommendationChanged):
            services.recommend(
                world.operator,
                decision_id=decision.pk,
                version=decision.version - 1,
                outcome="STOP",
                reasons="Read too early.",
                now=now,
            )

    def test_nobody_signs_twice_nor_for_a_body_that_has_signed(self, world, rollout, now):
        member = second_member(world)
        committee = OrganisationFactory(kind=OrganisationKind.PANEL, name="Operations Group")
        UserFactory(organisation=committee)
        proposal = services.propose_requirements(
            world.operator,
            rows=[
                {"organisation": world.panel.pk, "role": "PANEL_MEMBER", "number": 1},
                {"organisation": committee.pk, "role": "PANEL_MEMBER", "number": 1},
            ],
            reasons="Both.",
            now=now,
        )
        sign(world.as_panel, proposal, now)
        sign(Scope.of(committee.users.first()), proposal, now)
        decision = recommended(world, rollout, "PAUSE", now)
        sign(world.as_panel, decision, now)

        for scope in (world.as_panel, member):
            with pytest.raises(services.SignOffNotNeeded):
                sign(scope, decision, now)

    def test_only_persons_whose_signature_counts_sign(self, world, rollout, now):
        decision = recommended(world, rollout, "PAUSE", now)
        machine = replace(world.as_panel, user_id=None, client_id="crm")

        for scope in (world.operator, machine):
            with pytest.raises(NotPermitted):
                sign(scope, decision, now)
        for scope in (world.as_supplier, world.as_csp):
            with pytest.raises(NotFound):
                sign(scope, decision, now)

    def test_whoever_recommends_does_not_confirm_even_where_dcc_must_sign(self, world, rollout, now):
        colleague = Scope.of(UserFactory(organisation=world.dcc))
        rows = [{"organisation": world.dcc.pk, "role": "DCC_OPERATOR", "number": 1}]
        proposal = services.propose_requirements(world.as_panel, rows=rows, reasons="Trial.", now=now)
        sign(Scope.of(UserFactory(organisation=world.panel)), proposal, now)
        sign(colleague, proposal, now)
        decision = recommended(world, rollout, "PAUSE", now)

        with pytest.raises(NotPermitted):
            sign(world.operator, decision, now)
        assert sign(colleague, decision, now).status == "ENACTED"
        assert status_of(rollout) == "PAUSED"

    def test_a_requirement_nobody_could_meet_is_not_proposed(self, world, now):
        for rows in (
            [{"organisation": world.panel.pk, "role": "PANEL_MEMBER", "number": 2}],
            [{"organisation": 0, "role": "PANEL_MEMBER", "number": 1}],
            [{"organisation": world.panel.pk, "role": "EMPEROR", "number": 1}],
            [],
        ):
            with pytest.raises(BadInput):
                services.propose_requirements(world.operator, rows=rows, reasons="-", now=now)

    def test_a_requirement_changes_only_with_its_old_and_its_new_signatures(self, world, now):
        committee = OrganisationFactory(kind=OrganisationKind.PANEL, name="Operations Group")
        chair = Scope.of(UserFactory(organisation=committee))
        first = services.propose_requirements(
            world.operator,
            rows=[{"organisation": committee.pk, "role": "PANEL_MEMBER", "number": 1}],
            reasons="The group has the time.",
            now=now,
        )
        assert sign(world.as_panel, first, now).status == "RECOMMENDED"
        assert sign(chair, first, now).status == "ENACTED"

    @pytest.mark.django_db(transaction=True)
    @pytest.mark.requirement("R6.8")
    def test_two_changes_signed_at_the_same_moment_come_into_force_one_after_the_other(
        self, world, now, monkeypatch
    ):
        both_are_there, put = threading.Barrier(2), SignOffRequirement.objects.bulk_create
        proposals = [
            services.propose_requirements(
                world.operator,
                rows=[
                    {"organisation": world.panel.pk, "role": "PANEL_MEMBER", "number": 1, "option": option}
                ],
                reasons="One sees enough.",
                now=now,
            )
            for option in (1, 2)
        ]

        def put_late(rows):
            with suppress(threading.BrokenBarrierError):
                both_are_there.wait(1)  # neither sees the other's rows, were it not for the lock
            return put(rows)

        monkeypatch.setattr(SignOffRequirement.objects, "bulk_create", put_late)

        def run(proposal):
            try:
                sign(world.as_panel, proposal, now)
            finally:
                connection.close()

        signing = [threading.Thread(target=run, args=(proposal,)) for proposal in proposals]
        for each in signing:
            each.start()
        for each in signing:
            each.join(10)

        in_force = SignOffRequirement.objects.filter(in_force_until=None)
        assert in_force.count() == 1
        assert set(Decision.objects.values_list("status", flat=True)) == {DecisionStatus.ENACTED}

    def test_still_needed_is_said_before_anybody_has_signed(self, world, rollout, now):
        decision = recommended(world, rollout, "PAUSE", now)

        assert standing_of(decision).still_needed == (
            "one panel member of the SEC Panel or a nominated Sub-Committee",
        )


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
