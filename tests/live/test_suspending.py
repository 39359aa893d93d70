"""Suspending while the other processes are overrun: it has a process and connections that no load can take."""

from __future__ import annotations

import re
import socket
import time
from contextlib import ExitStack, suppress

import httpx
import pytest
from django.utils import timezone

from portal.accounts import single_sign_on
from portal.embedded.ports import free_port
from portal.identity.scope import Scope
from rollouts.models import Rollout
from tests.dripping import dripping
from tests.factories import UserFactory, make_rollout, make_world
from tests.live.conftest import serving

pytestmark = [pytest.mark.live, pytest.mark.requirement("R5.4"), pytest.mark.django_db(transaction=True)]
PASSWORD = "correct horse battery staple"
WITHIN = 2.0


def half_sent(port: int, stack: ExitStack, *, many: int, text: bytes) -> None:
    """Open connections that send the beginning of a request, and then nothing."""
    for _ in range(many):
        caller = stack.enter_context(socket.create_connection(("127.0.0.1", port)))
        caller.sendall(text)


def is_answered(port: int) -> bool:
    """Return whether the page of the log-in comes in time."""
    with suppress(httpx.TransportError):
        return httpx.get(
            f"http://127.0.0.1:{port}/accounts/login/", timeout=WITHIN, trust_env=False
        ).is_success
    return False


def log_in(port: int, email: str) -> httpx.Client:
    client = httpx.Client(base_url=f"http://127.0.0.1:{port}", trust_env=False, timeout=20)
    page = client.get("/accounts/login/").text
    token = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', page)
    assert token
    answer = client.post(
        "/accounts/login/",
        data={"csrfmiddlewaretoken": token[1], "login": email, "password": PASSWORD},
    )
    assert answer.status_code == 302, answer.text
    return client


@pytest.mark.parametrize("attack", ["half-sent headers", "half-sent bodies", "single sign-on that drips"])
def test_suspending_is_answered_while_nothing_else_is(valkey_url, port, tmp_path, attack):
    now, reserved = timezone.now(), free_port()
    world = make_world()
    rollout = make_rollout(world, now=now)
    operator = UserFactory(organisation=world.dcc, password=PASSWORD)
    more = {"SUSPEND_PORT": str(reserved), "PORTAL_URL": f"http://127.0.0.1:{port}"}
    more |= {"SECOND_FACTOR_REQUIRED": "0", "SINGLE_SIGN_ON_INSIDE": "1"}
    with ExitStack() as stack:
        stack.enter_context(serving(valkey_url, port, tmp_path, **more))
        stack.enter_context(
            serving(valkey_url, reserved, tmp_path, name="suspend", ONLY_SUSPENDING="1", **more)
        )
        client = log_in(port, operator.email)
        stack.callback(client.close)
        path = f"/rollouts/{rollout.pk}/steps/suspend/"
        assert f"http://127.0.0.1:{reserved}{path}" in client.get(f"/rollouts/{rollout.pk}/").text

        if attack == "half-sent headers":
            half_sent(port, stack, many=24, text=b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\n")
        elif attack == "half-sent bodies":
            half_sent(
                port,
                stack,
                many=24,
                text=b"POST /accounts/login/ HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 9\r\n\r\n",
            )
        else:
            slow = stack.enter_context(dripping())
            single_sign_on.set_up(
                Scope.of(world.supplier_user),
                server_url=slow,
                client_id="x",
                secret="x",
                domains="slow.example",
                is_open_to_newcomers=False,
                vouches_for_addresses=False,
                now=now,
            )
            way = f"GET /accounts/oidc/organisation-{world.supplier.pk}/login/?process=login HTTP/1.1\r\n"
            half_sent(port, stack, many=16, text=f"{way}Host: 127.0.0.1\r\n\r\n".encode())
        time.sleep(0.5)
        if attack == "half-sent headers":
            assert not is_answered(port)  # the attack does what it is for

        client = stack.enter_context(
            httpx.Client(
                base_url=f"http://127.0.0.1:{reserved}",
                cookies=client.cookies,
                trust_env=False,
                timeout=WITHIN,
            )
        )
        token = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', client.get(path).text)
        assert token
        answer = client.post(path, data={"csrfmiddlewaretoken": token[1], "reason": "Devices are lost."})
        elsewhere = client.get("/estate/")

    assert answer.status_code == 302
    assert Rollout.objects.get(pk=rollout.pk).status == "SUSPENDED"
    assert (elsewhere.status_code, elsewhere.headers["Location"]) == (307, f"http://127.0.0.1:{port}/estate/")
