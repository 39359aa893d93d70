"""Lists of hubs, the counts that lead to them, and the files people take away."""

from __future__ import annotations

import re

import pytest

from portal.kernel import sql
from tests.factories import make_rollout

pytestmark = pytest.mark.django_db


@pytest.mark.requirement("R1.3", "R2.1")
@pytest.mark.parametrize("form", ["csv", "xlsx"])
def test_a_supplier_takes_away_the_report_of_its_own_hubs(world, seat, today, form):
    rollout = make_rollout(world, now=today)

    answer = seat("supplier").get(f"/rollouts/{rollout.pk}/report.{form}")

    body = b"".join(answer.streaming_content)
    assert "attachment" in answer["Content-Disposition"]
    if form == "csv":
        assert len(body.decode().strip().splitlines()) == 17
        assert world.pasted(17) not in body.decode()


@pytest.mark.requirement("R4.3")
def test_every_count_leads_to_the_list_behind_it(world, seat, today):
    rollout = make_rollout(world, now=today)
    sql.run(
        "UPDATE rollouts_target SET state = 20, consent = 4 WHERE guid < %(first)s", {"first": world.guid(3)}
    )
    client = seat("supplier")

    assert (
        f"/rollouts/{rollout.pk}/hubs/?state=SCHEDULED"
        in client.get(f"/rollouts/{rollout.pk}/").content.decode()
    )
    listed = client.get(f"/rollouts/{rollout.pk}/hubs/?state=SCHEDULED").content.decode()
    csv = b"".join(client.get(f"/rollouts/{rollout.pk}/hubs.csv?state=SCHEDULED").streaming_content)

    assert re.findall(r'class="guid" href="/hubs/([^/]+)/', listed) == world.pasted(0, 1, 2).split()
    assert csv.decode().count("SCHEDULED") == 3


@pytest.mark.hubs(120)
def test_the_list_of_hubs_goes_on_where_it_ended(world, seat, today):
    rollout = make_rollout(world, now=today)
    client, hubs, path = seat("supplier"), [], f"/rollouts/{rollout.pk}/hubs/"

    url = path
    while url:
        body = client.get(url).content.decode()
        hubs += re.findall(r'class="guid" href="/hubs/([^/]+)/', body)
        more = re.search(r'rel="next" href="([^"]+)"', body)
        url = path + more[1].replace("&amp;", "&") if more else ""

    assert len(hubs) == len(set(hubs)) == 96
    assert client.get(f"{path}?after=nonsense").status_code == 404
    assert client.get(f"{path}?state=NONSENSE&region=99").status_code == 200


def test_a_file_of_hubs_cannot_start_a_formula(world, seat, today):
    rollout = make_rollout(world, now=today)
    rollout.batches.update(name="=HYPERLINK(1)")

    csv = b"".join(seat("supplier").get(f"/rollouts/{rollout.pk}/hubs.csv").streaming_content).decode()

    assert ",'=HYPERLINK(1)," in csv
    assert ",=HYPERLINK" not in csv
