"""The way of an incident from its answer to its end, its duplicates and its files (R5.1, R5.2)."""

from __future__ import annotations

from datetime import timedelta

import pytest

from portal.events.models import Event
from portal.kernel.refusals import BadInput, NotPermitted
from rollouts import services
from rollouts.models import Incident, IncidentAttachment, IncidentHub
from rollouts.queries.governance.incidents import incident_file, incident_lines, incident_page
from rollouts.services import Upload
from rollouts.states.governing import INCIDENT_STEPS, IncidentStatus
from tests.integration.incidents import lose

pytestmark = pytest.mark.django_db
PNG = b"\x89PNG\r\n\x1a\n" + bytes(30)
PDF = b"%PDF-1.7\n" + bytes(30)


class TestTheWayOfAnIncident:
    @pytest.mark.parametrize("verb", sorted(INCIDENT_STEPS.keys() - {"merge"}))
    @pytest.mark.parametrize("status", [s for s in IncidentStatus if s != "MERGED"])
    def test_every_step_is_open_exactly_where_the_table_has_it(self, world, rollout, now, verb, status):
        raised = lose(world, rollout, now, 0)
        Incident.objects.filter(pk=raised.incident_id).update(status=status)
        step = INCIDENT_STEPS[verb]
        scope = world.operator if world.operator.has(*step.roles) else world.as_supplier

        def take():
            return services.take_incident_step(scope, incident_id=raised.incident_id, verb=verb, now=now)

        if status in step.sources:
            assert take().status == step.target
        else:
            with pytest.raises(services.IncidentStepRefused):
                take()

    def test_answer_and_resolution_are_timed(self, world, rollout, now):
        raised = lose(world, rollout, now, 0)
        late = now + timedelta(hours=1)
        line = incident_lines(world.operator).items[0]
        assert line.is_overdue(late)

        services.take_incident_step(
            world.operator, incident_id=raised.incident_id, verb="acknowledge", now=late
        )
        services.take_incident_step(world.operator, incident_id=raised.incident_id, verb="resolve", now=late)
        line = incident_lines(world.operator).items[0]
        assert (line.responded_at, line.resolved_at) == (late, late)
        assert not line.is_overdue(late + timedelta(days=9))

        services.take_incident_step(
            world.as_supplier, incident_id=raised.incident_id, verb="reopen", now=late
        )
        line = incident_lines(world.as_supplier).items[0]
        assert (line.status, line.resolved_at) == ("INVESTIGATING", None)

    def test_duplicates_are_merged_and_keep_their_hubs(self, world, rollout, now):
        first = lose(world, rollout, now, 0)
        double = lose(world, rollout, now, 0, 1)
        others = lose(world, rollout, now, 17, scope=world.as_other)

        services.merge_incident(
            world.operator, incident_id=double.incident_id, into_id=first.incident_id, now=now
        )
        services.merge_incident(
            world.operator, incident_id=others.incident_id, into_id=first.incident_id, now=now
        )

        mine = incident_page(world.as_supplier, double.incident_id)
        theirs = incident_page(world.as_other, others.incident_id)
        assert (mine.line.status, mine.merged_into) == ("MERGED", first.reference)
        assert (theirs.line.status, theirs.merged_into) == ("MERGED", "")
        assert incident_page(world.operator, first.incident_id).merged == (
            double.reference,
            others.reference,
        )
        services.take_incident_step(world.operator, incident_id=first.incident_id, verb="resolve", now=now)
        assert incident_page(world.as_other, others.incident_id).stands == "RESOLVED"
        assert IncidentHub.objects.count() == 4

    def test_a_merge_without_sense_is_refused(self, world, rollout, now):
        each, two = lose(world, rollout, now, 0), lose(world, rollout, now, 1)

        def merge(incident, into, scope=None):
            services.merge_incident(
                scope or world.operator, incident_id=incident.incident_id, into_id=into.incident_id, now=now
            )

        with pytest.raises(services.IncidentStepRefused):
            merge(each, each)
        with pytest.raises(NotPermitted):
            merge(each, two, world.as_supplier)
        merge(each, two)
        with pytest.raises(services.IncidentStepRefused):
            merge(two, each)

    def test_the_service_desks_reference_may_come_later(self, world, rollout, now):
        raised = lose(world, rollout, now, 0)

        services.set_service_desk_reference(
            world.as_supplier, incident_id=raised.incident_id, reference=" SD-9 ", now=now
        )

        assert incident_lines(world.operator).items[0].service_desk_reference == "SD-9"
        with pytest.raises(BadInput):
            services.set_service_desk_reference(
                world.operator, incident_id=raised.incident_id, reference="x" * 41, now=now
            )

    def test_everything_is_written_down(self, world, rollout, now):
        raised = lose(world, rollout, now, 0)
        services.take_incident_step(
            world.operator, incident_id=raised.incident_id, verb="acknowledge", comment="We look.", now=now
        )

        names = list(
            Event.objects.filter(subject=f"incident:{raised.incident_id}")
            .order_by("id")
            .values_list("name", flat=True)
        )
        assert names == ["incident.raised", "incident.acknowledge", "incident.commented"]


class TestFiles:
    def attach(self, world, rollout, now, *uploads):
        return lose(world, rollout, now, 0, attachments=uploads)

    @pytest.mark.parametrize(
        ("name", "content", "media_type"),
        [
            ("photo.png", PNG, "image/png"),
            ("photo.JPG", b"\xff\xd8\xff\xe0" + bytes(9), "image/jpeg"),
            ("report.pdf", PDF, "application/pdf"),
            ("log.csv", b"a,b\n1,2\n", "text/plain"),
            ("hub.log", "21\u00b0C, \u00a35".encode("cp1252"), "text/plain"),
            ("hub.log", "boot ok\r\n".encode("utf-16"), "text/plain"),
            ("hub.log", "boot ok, link up\r\n".encode("utf-16-le"), "text/plain"),
            ("page.txt", b"<script>alert(1)</script>", "text/plain"),
        ],
    )
    def test_a_file_is_what_its_bytes_say_and_is_sent_so_that_no_browser_runs_it(
        self, world, rollout, now, name, content, media_type
    ):
        raised = self.attach(world, rollout, now, Upload(name, content))

        stored = incident_page(world.as_supplier, raised.incident_id).attachments[0]
        file = incident_file(world.as_supplier, raised.incident_id, stored.id)
        assert (file.content, file.headers["Content-Type"]) == (content, media_type)
        assert file.headers["X-Content-Type-Options"] == "nosniff"
        assert file.headers["Content-Disposition"].startswith("attachment; filename*=UTF-8''")

    @pytest.mark.parametrize(
        ("name", "content"),
        [
            ("page.html", b"<html></html>"),
            ("photo.png", b"<svg onload=alert(1)>"),
            ("picture.svg", b"<svg/>"),
            ("photo.txt", PNG),
            ("tool.exe", b"MZ" + bytes(9)),
            ("log.txt", b"\x00\x01binary"),
            ("log.txt", b"\xff\xfe\xfa"),
            ("empty.txt", b""),
        ],
    )
    def test_what_is_not_what_it_says_or_could_run_is_refused(self, world, rollout, now, name, content):
        with pytest.raises(services.AttachmentRefused):
            self.attach(world, rollout, now, Upload(name, content))
        assert Incident.objects.count() == 0

    def test_size_and_number_are_limited(self, world, rollout, now, settings):
        settings.GOVERNANCE = {"attachment_size": 100, "attachments": 2}

        with pytest.raises(services.AttachmentRefused):
            self.attach(world, rollout, now, Upload("log.txt", b"x" * 101))
        raised = self.attach(world, rollout, now, Upload("a.txt", b"a"), Upload("b.txt", b"b"))
        with pytest.raises(services.AttachmentRefused):
            services.attach_to_incident(
                world.as_supplier,
                incident_id=raised.incident_id,
                uploads=[Upload("c.txt", b"c")],
                now=now,
            )
        assert IncidentAttachment.objects.count() == 2

    def test_the_same_file_is_kept_once(self, world, rollout, now):
        raised = self.attach(world, rollout, now, Upload("a.txt", b"a"), Upload("b.txt", b"a"))

        assert len(incident_page(world.operator, raised.incident_id).attachments) == 1

    @pytest.mark.parametrize(
        ("given", "stored"),
        [
            ("../../etc/passwd.txt", "passwd.txt"),
            ("C:\\temp\\log.txt", "log.txt"),
            ('a"\r\nSet-Cookie: x.txt', "a___Set-Cookie_ x.txt"),
            ("ö" * 300 + ".txt", "_" * 116 + ".txt"),
        ],
    )
    def test_a_name_is_made_safe(self, world, rollout, now, given, stored):
        raised = self.attach(world, rollout, now, Upload(given, b"a"))

        assert incident_page(world.operator, raised.incident_id).attachments[0].file_name == stored
