"""What docker-compose.yml names is what the settings, the queues and the image know."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from django.conf import settings

from portal.celery import BEAT_SCHEDULE, QUEUES, TASK_ROUTES
from portal.embedded.postgres import INITDB, OWNER, USER
from portal.embedded.show import WORKERS
from portal.kernel.tenancy import REQUEST_ROLES, WEB

ROOT = Path(__file__).resolve().parent.parent
OURS = "ch-firmware-portal"


@pytest.fixture(scope="module")
def services() -> dict[str, Any]:
    return yaml.safe_load((ROOT / "docker-compose.yml").read_text())["services"]


@pytest.fixture(scope="module")
def ours(services: dict[str, Any]) -> dict[str, Any]:
    return {name: service for name, service in services.items() if service["image"].startswith(OURS)}


def queues_of(service: dict[str, Any]) -> list[str]:
    words = [word for word in service.get("command", []) if word.startswith("--queues=")]
    return [queue for word in words for queue in word.removeprefix("--queues=").split(",")]


def test_every_queue_has_one_service_of_its_own(ours):
    watched = [queue for service in ours.values() for queue in queues_of(service)]

    assert sorted(watched) == sorted(QUEUES)
    assert {name for name, service in ours.items() if queues_of(service)} == {f"worker-{q}" for q in QUEUES}


def test_the_embedded_run_watches_every_queue_once():
    watched = [queue for queues, _ in WORKERS.values() for queue in queues.split(",")]

    assert sorted(watched) == sorted(QUEUES)


def test_every_route_leads_to_a_queue():
    assert {route["queue"] for route in TASK_ROUTES.values()} <= set(QUEUES)


def test_no_tick_ends_by_a_clock_and_every_queue_has_a_heartbeat():
    options = [entry.get("options", {}) for entry in BEAT_SCHEDULE.values()]

    assert not any("expires" in each for each in options)
    assert sorted(each["queue"] for each in options if each) == sorted(QUEUES)


def test_what_keeps_on_working_has_a_health_check(ours):
    assert {name for name, service in ours.items() if "healthcheck" not in service} == {"migrate", "hubsim"}


def test_the_process_of_each_kind_is_there(services):
    wanted = {"postgres", "redis", "migrate", "web", "stream", "beat", "hubsim"}

    assert wanted <= set(services)


def test_only_the_simulator_is_behind_a_profile(services):
    assert [name for name, service in services.items() if service.get("profiles")] == ["hubsim"]


def test_the_database_is_made_as_the_embedded_one(services):
    postgres = services["postgres"]

    assert tuple(postgres["environment"]["POSTGRES_INITDB_ARGS"].split()) == INITDB
    assert "-cjit=off" in postgres["command"]
    assert "-ctimezone=UTC" in postgres["command"]


def test_only_what_migrates_logs_in_as_the_owner_of_the_tables(services, ours):
    roles = {
        name: re.match(r"postgresql://(\w+):", service["environment"]["DATABASE_URL"])[1]
        for name, service in ours.items()
    }
    made = (ROOT / "deploy" / "postgres" / "roles.sql").read_text()

    assert roles.pop("migrate") == OWNER
    assert set(roles.values()) == {USER} == {settings.DATABASE_ROLE}
    assert re.findall(r"^CREATE (.+?)(?: PASSWORD .*)?;$", made, flags=re.MULTILINE) == [
        f"ROLE {OWNER} LOGIN",
        f"ROLE {USER} LOGIN",
        f"DATABASE portal OWNER {OWNER}",
    ]
    assert "POSTGRES_USER" not in services["postgres"]["environment"]
    run = re.findall(
        r"postgres/([\w-]+\.sql):/docker-entrypoint-initdb.d/(\d)", str(services["postgres"]["volumes"])
    )
    assert run == [("roles.sql", "1"), ("request-roles.sql", "2")]


def test_the_roles_of_requests_are_made_as_by_the_embedded_server():
    made = (ROOT / "deploy" / "postgres" / "request-roles.sql").read_text()

    assert re.findall(r"^CREATE ROLE (\w+)( IN ROLE portal_web)?;$", made, flags=re.MULTILINE) == [
        (role, "" if role == WEB else f" IN ROLE {WEB}") for role in REQUEST_ROLES
    ]
    assert f"GRANT {', '.join(REQUEST_ROLES)} TO {USER};" in made


def test_every_variable_given_is_one_the_settings_read(ours):
    read = set(re.findall(r'"([A-Z][A-Z0-9_]+)"', (ROOT / "portal" / "settings.py").read_text()))

    for name, service in ours.items():
        assert set(service["environment"]) <= read, name


def test_every_variable_asked_for_is_explained_in_the_example():
    requested = set(re.findall(r"\$\{([A-Z_]+)", (ROOT / "docker-compose.yml").read_text()))
    explained = set(re.findall(r"^([A-Z_]+)=", (ROOT / ".env.example").read_text(), flags=re.MULTILINE))

    assert requested == explained


def test_every_variable_the_settings_read_is_explained():
    source = (ROOT / "portal" / "settings.py").read_text()
    read = set(re.findall(r"""(?:environ\.get|environ\[|_flag|_words|count)\(?\s*"([A-Z_]+)\"""", source))
    explained = set(re.findall(r"`([A-Z_]+)`", (ROOT / "docs/how-to/run-it-for-real.md").read_text()))

    assert len(read) > 30
    assert read - explained - {"PYTEST_VERSION"} == set()


def test_secrets_have_no_default():
    text = (ROOT / "docker-compose.yml").read_text()

    for name in (
        "SECRET_KEY",
        "POSTGRES_PASSWORD",
        "DATABASE_OWNER_PASSWORD",
        "DATABASE_PASSWORD",
        "REDIS_PASSWORD",
    ):
        assert set(re.findall(rf"\$\{{{name}(?!_)([^}}]*)\}}", text)) == {":?set it in .env"}


def test_our_services_wait_for_their_stores_and_tables(ours):
    for name, service in ours.items():
        waits = service["depends_on"]
        assert waits["postgres"]["condition"] == "service_healthy", name
        assert name == "migrate" or waits["migrate"]["condition"] == "service_completed_successfully", name


def test_the_image_holds_every_package():
    copied = set(re.findall(r"^COPY (\w+) ", (ROOT / "Dockerfile").read_text(), flags=re.MULTILINE))

    apps = {app.partition(".")[0] for app in settings.INSTALLED_APPS}
    own = {app for app in apps if (ROOT / app / "__init__.py").is_file()}
    assert own > {"portal", "rollouts"}
    assert own | {"hubsim", "templates", "static"} <= copied
    ignored = (ROOT / ".dockerignore").read_text()
    for each in copied:
        assert f"!{each}\n" in ignored


def proxy_locations() -> dict[str, str]:
    """The blocks of the proxy's configuration, by what they are for."""
    text = (ROOT / "deploy" / "proxy" / "portal.conf.template").read_text()
    return dict(re.findall(r"location (?:[~=] )?(\S+) \{\n?(.*?)\}", text, flags=re.DOTALL))


@pytest.mark.parametrize(
    ("path", "process"),
    [
        ("/rollouts/7/steps/suspend/", "suspend"),
        ("/api/v1/rollouts/7/steps/suspend", "suspend"),
        ("/rollouts/7/steps/revoke/", "web"),
        ("/stream", "stream"),
        ("/api/v1/events/stream", "stream"),
        ("/api/v1/events", "web"),
        ("/accounts/login/", "web"),
        ("/csp/v1/alerts", "web"),
        ("/", "web"),
    ],
)
def test_the_proxy_leads_to_the_process_that_serves(services, path, process):
    places = proxy_locations()
    # nginx takes the first expression that fits, and the beginning of the address where none does.
    fitting = next(
        (block for place, block in places.items() if place[0] == "^" and re.search(place, path)), None
    )
    block = fitting if fitting is not None else places["/"]

    assert f"proxy_pass http://portal_{process};" in block
    assert process in services


def test_the_proxy_takes_requests_up_whole_and_ends_slow_ones():
    text = (ROOT / "deploy" / "proxy" / "portal.conf.template").read_text()

    for line in (
        "proxy_request_buffering on;",
        "client_header_timeout 10s;",
        "client_body_timeout 15s;",
        "client_max_body_size 1m;",
        "proxy_set_header X-Forwarded-For $remote_addr;",
        "proxy_set_header Client-Cert $client_certificate;",
    ):
        assert line in text
    suspending = [block for place, block in proxy_locations().items() if "suspend" in place]
    assert len(suspending) == 2
    assert not any("limit_" in block for block in suspending)


def test_only_the_proxy_is_open_to_others(services):
    opened = {name: service["ports"] for name, service in services.items() if service.get("ports")}

    assert opened == {"proxy": ["8000:8000"], "suspend": ["127.0.0.1:8002:8002"]}


def test_what_people_put_into_the_cache_cannot_fill_the_broker(services):
    limits = {
        name: dict(zip(words[::2], words[1::2], strict=True))
        for name in ("redis", "cache")
        if (words := services[name]["command"][1:])
    }

    assert limits["redis"]["--maxmemory-policy"] == "noeviction"
    assert limits["cache"]["--maxmemory-policy"] == "allkeys-lru"
    assert all(int(each["--maxmemory"].removesuffix("mb")) <= 512 for each in limits.values())
    shared = services["web"]["environment"]
    assert "@redis:" in shared["REDIS_URL"]
    assert "@cache:" in shared["CACHE_URL"]


def test_the_images_of_others_can_be_pinned_by_digest(services):
    for name, service in services.items():
        if not service["image"].startswith(OURS):
            assert re.fullmatch(
                r"[\w./]+:\d[\d.]*\$\{[A-Z]+_DIGEST:\+@\$\{[A-Z]+_DIGEST\}\}", service["image"]
            ), name
    bases = re.findall(r"^FROM (\S+)", (ROOT / "Dockerfile").read_text(), flags=re.MULTILINE)
    assert {base.rpartition(":3.13-slim")[2] for base in bases} == {"${PYTHON_DIGEST:+@${PYTHON_DIGEST}}"}
    assert "PYTHON_DIGEST" in services["web"]["build"]["args"]
