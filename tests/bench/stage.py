"""What the measures run on: stores of their own, the portal's processes as the demonstration starts them."""

from __future__ import annotations

import contextlib
import os
import subprocess
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import httpx

from portal.embedded import services
from portal.embedded.certificates import ensure_certificates
from portal.embedded.ports import free_port
from portal.embedded.processes import Program, Supervisor, child_environment, python
from portal.embedded.show import WORKERS

ROOT: Final = Path(__file__).resolve().parents[2]
CSP_SECRETS: Final = {name: f"bench-{name}-0123456789abcdef" for name in ("north", "central", "fourg")}
CSP_TOKEN: Final = "bench-portal-0123456789abcdef"
_READY_WITHIN: Final = 60.0
_LARGE: Final = 5_000_000


@dataclass(slots=True)
class Stage:
    """The stores of a run, and the processes a measure asks for."""

    hubs: int
    var: Path
    variables: dict[str, str]
    say: Callable[[str], None]
    quick: bool = False
    port: int = field(default_factory=free_port)
    simulator_port: int = field(default_factory=free_port)

    @property
    def url(self) -> str:
        """Where the web answers, while it runs."""
        return f"http://127.0.0.1:{self.port}"

    def runs(self, wanted: int) -> int:
        """How often to run something: less on a national estate, once for a quick look."""
        if self.quick:
            return 1
        return max(2, wanted // 2) if self.hubs >= _LARGE else wanted

    @contextlib.contextmanager
    def running(self, *programs: Program) -> Iterator[Supervisor]:
        """Have programs for the length of a block; what a block leaves of them is stopped."""
        with Supervisor(self.var / "log", say=self.say) as supervisor:
            for program in programs:
                supervisor.start(program)
            yield supervisor

    def web(self) -> Program:
        """Pages, REST and the CSPs' side, as the demonstration runs them."""
        words = (
            "portal.wsgi",
            f"--bind=127.0.0.1:{self.port}",
            "--worker-class=gthread",
            "--workers=2",
            "--threads=8",
            "--timeout=120",
            "--graceful-timeout=10",
            "--no-control-socket",
            f"--chdir={ROOT}",
        )
        variables = {**self.variables, "DATABASE_POOL_SIZE": "8"}
        return Program("web", python("-m", "gunicorn", *words), variables)

    def workers(self, *names: str) -> list[Program]:
        """Groups of Celery workers, by the names the demonstration gives them."""
        return [
            Program(
                name,
                self._celery(
                    "worker",
                    f"--queues={WORKERS[name][0]}",
                    f"--concurrency={WORKERS[name][1]}",
                    f"--hostname={name}@%h",
                    "--loglevel=WARNING",
                    "--without-gossip",
                    "--without-mingle",
                ),
                self.variables,
            )
            for name in names
        ]

    def beat(self) -> Program:
        """What rings for due work."""
        return Program("beat", self._celery("beat", "--pidfile=", "--loglevel=WARNING"), self.variables)

    def simulator(self, *, portal_url: str) -> Program:
        """The CSPs and the estate, without a fault and without a delay."""
        words = (
            "serve",
            f"--hubs={self.hubs}",
            f"--port={self.simulator_port}",
            f"--portal-url={portal_url}",
            "--profile=instant",
        )
        tokens = ",".join(f"{name}={secret}" for name, secret in CSP_SECRETS.items())
        variables = {**self.variables, "HUBSIM_TOKENS": tokens, "HUBSIM_TOKEN": CSP_TOKEN}
        return Program("hubsim", python("-m", "hubsim", *words), variables)

    def wait_for_web(self, supervisor: Supervisor) -> None:
        """Wait until pages are answered."""
        supervisor.wait_for("web", lambda: _answers(f"{self.url}/livez"), within=_READY_WITHIN)

    def wait_for_workers(self, supervisor: Supervisor, *names: str) -> None:
        """Wait until these groups of workers listen."""
        from portal.celery import app

        def listen() -> bool:
            heard = {name.partition("@")[0] for answer in app.control.ping(timeout=1.0) for name in answer}
            return heard >= set(names)

        supervisor.wait_for(names[0], listen, within=2 * _READY_WITHIN)

    def wait_for_simulator(self, supervisor: Supervisor) -> None:
        """Wait until the simulator has built its estate."""
        address = f"http://127.0.0.1:{self.simulator_port}/stats"
        within = _READY_WITHIN + self.hubs / 50_000
        supervisor.wait_for("hubsim", lambda: _answers(address), within=within)

    def estate_csv(self) -> Path:
        """The estate as the simulator writes it; made once."""
        path = self.var / f"estate-{self.hubs}.csv"
        if not path.is_file():
            unfinished = path.with_suffix(".part")
            with unfinished.open("wb") as file:
                subprocess.run(
                    python("-m", "hubsim", "estate", f"--hubs={self.hubs}", "--jobs=2"),
                    stdout=file,
                    check=True,
                    env=child_environment({"PYTHONPATH": str(ROOT)}),
                )
            unfinished.rename(path)
        return path

    def _celery(self, *words: str) -> tuple[str, ...]:
        return python("-m", "celery", "--app=portal", "--quiet", *words)


@contextlib.contextmanager
def stores(var: Path, *, hubs: int, say: Callable[[str], None], quick: bool) -> Iterator[Stage]:
    """Have a database, durable as in a demonstration, and a broker; Django is set up for them."""
    var.mkdir(parents=True, exist_ok=True)
    with services.environment(var) as result:
        variables = {
            **result.variables,
            "PLAIN_HTTP": "1",
            "DJANGO_SETTINGS_MODULE": "portal.settings",
            "PYTHONPATH": str(ROOT),
            **ensure_certificates(var / "service-requests"),
        }
        stage = Stage(hubs=hubs, var=var, variables=variables, say=say, quick=quick)
        stage.variables["CSP_BASE_URL"] = f"http://127.0.0.1:{stage.simulator_port}"
        stage.variables["CSP_TOKEN"] = CSP_TOKEN
        stage.variables["LOG_LEVEL"] = "WARNING"
        os.environ.update(stage.variables)
        # Measures empty tables and place rows; the processes they start log in as the application.
        os.environ["DATABASE_URL"] = result.admin_url or result.owner_url
        import django

        django.setup()
        yield stage


def wait_until(holds: Callable[[], bool], *, within: float, every: float = 0.02) -> None:
    """Wait for something to become true.

    Raises:
        TimeoutError: it does not in time.
    """
    ends = time.monotonic() + within
    while not holds():
        if time.monotonic() > ends:
            raise TimeoutError("it never happened")
        time.sleep(every)


def _answers(address: str) -> bool:
    try:
        return httpx.get(address, headers={"Authorization": f"Bearer {CSP_TOKEN}"}, timeout=5).is_success
    except httpx.HTTPError:
        return False
