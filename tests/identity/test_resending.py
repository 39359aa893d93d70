"""A form that is sent twice is done once."""

from __future__ import annotations

import threading

import pytest
from django.test import Client

from portal.accounts import double_submit
from rollouts.models import Incident, SavedView
from tests.factories import make_rollout

pytestmark = [pytest.mark.django_db, pytest.mark.hubs(20)]
KEEP = "/estate/views/keep/"


@pytest.fixture
def browser(world):
    client = Client()
    client.force_login(world.supplier_user)
    return client


def view(token="a" * 64, **changes):
    return {"csrfmiddlewaretoken": token, "name": "Ours", "query": "split=yes", **changes}


def test_an_incident_sent_twice_is_raised_once(world, browser, now):
    rollout = make_rollout(world, now=now)
    fields = {
        "csrfmiddlewaretoken": "a" * 64,
        "category": "3",
        "title": "Displays lost",
        "source": "paste",
        "hubs": "00-DB-12-34-00-00-00-00",
        "han_impact": "UNKNOWN",
    }
    address = f"/rollouts/{rollout.pk}/incidents/new/"

    first = browser.post(address, fields)
    second = browser.post(address, fields)

    assert first.status_code == 302, first.content.decode()
    assert second["Location"] == first["Location"]
    assert Incident.objects.count() == 1
    assert "it was not done again" in browser.get(second["Location"]).content.decode()


def test_a_form_with_other_words_or_of_another_page_is_another_one(browser):
    browser.post(KEEP, view())

    browser.post(KEEP, view(name="Other"))
    taken = browser.post(KEEP, view(token="b" * 64))

    assert SavedView.objects.count() == 2
    assert taken.status_code == 409  # by the service: the name is taken, and that is said


def test_what_was_refused_is_sent_again_as_it_is(browser):
    refused = browser.post(KEEP, view(query="nonsense=1"))
    again = browser.post(KEEP, view(query="nonsense=1"))

    assert (refused.status_code, again.status_code) == (422, 422)


def test_somebody_else_with_the_same_words_is_somebody_else(world, browser):
    other = Client()
    other.force_login(world.other_user)

    browser.post(KEEP, view())
    other.post(KEEP, view())

    assert SavedView.objects.count() == 2


def test_two_at_once_wait_for_each_other(rf, world, monkeypatch):
    began, go_on, done = threading.Event(), threading.Event(), []

    def slow(request):
        done.append(request.path)
        began.set()
        go_on.wait(5)
        return double_submit.redirect("/estate/")

    answer = double_submit.submit_once(slow)
    monkeypatch.setattr(double_submit.messages, "info", lambda request, words: None)

    def send(into):
        request = rf.post(KEEP, view())
        request.user = world.supplier_user
        into.append(answer(request)["Location"])

    first, second = [], []
    first_thread = threading.Thread(target=send, args=(first,))
    first_thread.start()
    began.wait(5)
    two = threading.Thread(target=send, args=(second,))
    two.start()
    go_on.set()
    first_thread.join(5)
    two.join(5)

    assert (first, second, done) == (["/estate/"], ["/estate/"], [KEEP])
