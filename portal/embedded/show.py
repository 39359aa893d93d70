"""One run of the whole portal on this machine: stores, tables, estate, simulator, servers, workers, beat."""

from __future__ import annotations

import contextlib
import hashlib
import hmac
import signal
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final, NoReturn

from portal.embedded import services
from portal.embedded.certificates import ensure_certificates
from portal.embedded.chaos import CRASH_POINTS, Conductor
from portal.embedded.csp_faults import CspControls
from portal.embedded.drills import Course, Drill, DrillKind
from portal.embedded.failures import CannotStart
from portal.embedded.ports import first_free
from portal.embedded.processes import Program, Supervisor, python, run_to_end
from portal.embedded.release_before import ReleaseBefore, commit_before

ROOT: Final = Path(__file__).resolve().parents[2]
_MANAGE: Final = str(ROOT / "manage.py")
_READY_WITHIN: Final = 90.0
_SIMULATOR_PORT: Final = 8100
_CSPS: Final = ("north", "central", "fourg")
_HOSTS: Final = ("127.0.0.1", "localhost")  # whichever is typed: a cookie is for one name
_DEMO_PASSWORD: Final = "firmware-portal-demo"  # noqa: S105 - told to everybody who starts a demonstration

# Groups, so that an export of five million rows, or a CSP that answers slowly, keeps no alert waiting.
WORKERS: Final = {
    "worker-dispatch": ("dispatch", 2),
    "worker-live": ("ingest,relay", 3),
    "worker-deliver": ("deliver", 1),
    "worker-long": ("reports", 2),
}


class Stopped(BaseException):
    """Somebody asked this run to end. Not an Exception, so that nothing on the way swallows it."""


@dataclass(frozen=True, kw_only=True, slots=True)
class RunPlan:
    """What a run is made of."""

    var: Path
    port: int
    hubs: int = 0
    is_demo: bool = True
    reload: bool = False
    then: tuple[str, ...] = ()  # a management command that runs on top of it all and ends it
    chaos: int | None = None  # the seed of what goes wrong meanwhile
    drill: DrillKind | None = None  # what is drilled meanwhile
    before: str = (
        ""  # the commit whose processes run beside ours in an upgrade; none = of the tables before ours
    )


def perform(plan: RunPlan, *, say: Callable[[str], None]) -> int:
    """Run it all until asked to stop, or until `plan.then` ends; return the exit code.

    Raises:
        CannotStart: a part of it does not come up.
    """
    began = time.monotonic()
    plan.var.mkdir(parents=True, exist_ok=True)
    try:
        with (
            _stopped_by_signals(),
            services.environment(
                plan.var,
                archives=plan.drill is DrillKind.RESTORE,
                may_fail_over=plan.drill is DrillKind.FAILOVER,
            ) as stores,
            contextlib.ExitStack() as later,
        ):
            stage = _Stage(plan, stores, say)
            if plan.drill is DrillKind.UPGRADE:
                stage.unpack_before()
            say(f"PostgreSQL and Valkey after {time.monotonic() - began:.1f} s")
            with Supervisor(plan.var / "log", say=say, servers=stores.servers) as supervisor:
                if plan.then:
                    stage.start_simulator(supervisor)
                log_ins = stage.prepare()
                if not plan.then:
                    stage.start_simulator(supervisor)
                stage.open(supervisor)
                stage.greet(log_ins, seconds=time.monotonic() - began)
                if plan.then and plan.chaos is not None:
                    csps, is_well = stage.csps, stage.all_answer
                    conductor = Conductor(
                        plan.chaos, plan.var, supervisor, stores, csps, is_well=is_well, say=say
                    )
                    return stage.run_beside(conductor, supervisor)
                if plan.then and plan.drill is not None:
                    drill = Drill(plan.drill, plan.var, supervisor, stores, is_well=stage.all_answer, say=say)
                    later.callback(drill.stop)
                    return stage.run_beside(drill, supervisor) or int(not drill.is_over)
                if plan.then:
                    return stage.run(*plan.then, meanwhile=supervisor.look)
                supervisor.watch()
    except Stopped:
        say("Stopped. State is kept under " + str(plan.var))
    return 0


class _Stage:
    """The steps of one run, with what they share: addresses and variables."""

    def __init__(self, plan: RunPlan, stores: services.Services, say: Callable[[str], None]) -> None:
        self.plan = plan
        self.say = say
        self.port = first_free(plan.port)
        if self.port != plan.port:
            say(f"Port {plan.port} is taken: using {self.port}")
        self.url = f"http://127.0.0.1:{self.port}"
        self.address = f"http://localhost:{self.port}"  # for this name browsers offer passkeys
        self.stream_port = first_free(self.port + 1)
        self.suspend_port = first_free(self.stream_port + 1)
        self.simulator_port = first_free(max(_SIMULATOR_PORT, self.suspend_port + 1))
        self.release_before: ReleaseBefore | None = None
        self.variables = {**stores.variables, **self._settings(stores.variables["SECRET_KEY"])}
        self.owners_variables = {**self.variables, "DATABASE_URL": stores.owner_url}

    def unpack_before(self) -> None:
        """Have the release before this one beside it; the CSPs' alerts go to its web."""
        commit = self.plan.before or commit_before()
        port = first_free(self.simulator_port + 1)
        self.release_before = ReleaseBefore(commit, self.plan.var / "before", port=port)
        self.say(f"The release before: {self.release_before.title}")

    @property
    def csps(self) -> CspControls:
        """The controls of the simulated CSPs."""
        url, token = self.variables["CSP_BASE_URL"], self.variables["HUBSIM_TOKEN"]
        return CspControls(url, token=token)

    def start_simulator(self, supervisor: Supervisor) -> None:
        """Start the simulated CSPs.

        A script's estate is fresh: they make theirs while the portal loads the same one. Other state is kept,
        and they forget: they begin with what the portal's inventory says.
        """
        if not self.plan.is_demo:
            return
        options = () if self.plan.then else (f"--estate={self._inventory}", "--profile=calm")
        words = (
            "serve",
            f"--hubs={self.plan.hubs}",
            f"--port={self.simulator_port}",
            f"--portal-url={self.release_before.url if self.release_before else self.url}",
            *options,
        )
        supervisor.start(Program("hubsim", python("-m", "hubsim", *words), self.variables))

    def prepare(self) -> list[str]:
        """Bring tables and, for a demonstration, the estate up; return the log-ins that were told."""
        if self.plan.is_demo:  # compressed and named by their content, as in production
            self._step("Static files", "collectstatic", "--no-input", "--verbosity=0")
        self._step("Tables", "migrate", "--no-input", "--verbosity=0")
        if not (self.plan.is_demo and self.plan.hubs):
            return []
        more = "--estate-only" if self.plan.then else f"--inventory={self._inventory}"
        output = self._step("Estate", "seed_demo", f"--hubs={self.plan.hubs}", more)
        return [line for line in output if "@" in line or line.startswith("API client")]

    def open(self, supervisor: Supervisor) -> None:
        """Start all processes and wait until the web answers, beat ticks and each queue's worker listens."""
        for program in self._programs():
            supervisor.start(program)
            if self.release_before and program.name.startswith(("web", "worker")):
                supervisor.start(self.release_before.program_like(program))
        if self.plan.is_demo:
            supervisor.wait_for("hubsim", self._simulator_answers, within=_READY_WITHIN)
        supervisor.wait_for("stream", self._stream_answers, within=_READY_WITHIN)
        supervisor.wait_for("suspend", self._suspend_answers, within=_READY_WITHIN)
        supervisor.wait_for("web", self._is_ready, within=_READY_WITHIN)
        if self.release_before:
            supervisor.wait_for("web-before", self._before_answers, within=_READY_WITHIN)

    def greet(self, log_ins: list[str], *, seconds: float) -> None:
        """Tell where to go."""
        self.say(f"Ready after {seconds:.0f} s: {self.address}/")
        for line in log_ins:
            self.say(f"  {line.strip()}")
        self.say(f"  {'Events as they come':30} http://127.0.0.1:{self.stream_port}/api/v1/events/stream")
        if self.plan.is_demo:
            self.say(f"Mail is kept: {self.address}/mailbox/")
        self.say(f"Logs are in {self.plan.var / 'log'}. Ctrl-C stops everything.")

    def run(self, *words: str, meanwhile: Callable[[], None] = lambda: None) -> int:
        """Run a management command in this run's environment, and pass on what it says."""
        return run_to_end(python(_MANAGE, *words), self.variables, hear=self.say, meanwhile=meanwhile)

    def run_beside(self, course: Course, supervisor: Supervisor) -> int:
        """Run the script while something happens to what is around it; tell what happened."""
        is_calm = self.plan.drill is DrillKind.UPGRADE

        def meanwhile() -> None:
            supervisor.look()
            course.step()

        try:
            code = self.run(*self.plan.then, *(() if is_calm else ("--disturbed",)), meanwhile=meanwhile)
        finally:
            course.end()
        for line in course.table():
            self.say(line)
        return code

    def _step(self, title: str, *words: str) -> list[str]:
        began = time.monotonic()
        output: list[str] = []

        def hear(line: str) -> None:
            output.append(line)
            self.say(f"  {line}")

        code = run_to_end(python(_MANAGE, *words), self.owners_variables, hear=hear)
        if code:
            raise CannotStart(f"`manage.py {' '.join(words)}` ended with exit code {code}; see above.")
        self.say(f"{title} after {time.monotonic() - began:.1f} s")
        return output

    def _settings(self, secret: str) -> Mapping[str, str]:
        # Tokens follow from the secret, so that those kept in the database are still good in the next run.
        token = _token(secret, "portal")
        return {
            "DEMO" if self.plan.is_demo else "DEBUG": "1",
            "DEMO_PASSWORD": _DEMO_PASSWORD if self.plan.is_demo else "",
            "SANDBOX": "1" if self.plan.is_demo and not self.plan.then else "",
            "STATIC_ROOT": str(self.plan.var / "static") if self.plan.is_demo else "",
            "DJANGO_SETTINGS_MODULE": "portal.settings",
            "PORTAL_URL": self.address,
            "STREAM_ORIGIN": " ".join(f"http://{host}:{self.stream_port}" for host in _HOSTS),
            "STREAM_PAGES": " ".join(f"http://{host}:{self.port}" for host in _HOSTS),
            "SUSPEND_PORT": str(self.suspend_port),
            "CSP_BASE_URL": f"http://127.0.0.1:{self.simulator_port}",
            "CSP_TOKEN": token,
            "HUBSIM_TOKEN": token,
            "HUBSIM_TOKENS": ",".join(f"{csp}={_token(secret, csp)}" for csp in _CSPS),
            "PYTHONPATH": str(ROOT),
            **(ensure_certificates(self.plan.var / "service-requests") if self.plan.is_demo else {}),
        }

    def _programs(self) -> Iterator[Program]:
        celery = ("-m", "celery", "--app=portal", "--quiet")
        yield Program(
            "web",
            python("-m", "gunicorn", *self._web_words()),
            {**self.variables, "DATABASE_POOL_SIZE": "8"},
        )
        yield Program(
            "suspend",
            python("-m", "gunicorn", *self._suspend_words()),
            {**self.variables, "DATABASE_POOL_SIZE": "4", "ONLY_SUSPENDING": "1"},
        )
        yield Program("stream", python("-m", "uvicorn", *self._stream_words()), self.variables)
        for name, (queues, concurrency) in WORKERS.items():
            words = (
                "worker",
                f"--queues={queues}",
                f"--concurrency={concurrency}",
                f"--hostname={name}@%h",
                "--loglevel=INFO",
                "--without-gossip",
                "--without-mingle",
            )
            points = {} if self.plan.chaos is None else {"CRASH_POINTS": CRASH_POINTS}
            yield Program(name, python(*celery, *words), {**self.variables, **points})
        yield Program(
            "beat",
            python(*celery, "beat", "--pidfile=", "--loglevel=WARNING"),
            self.variables,
        )

    def _web_words(self) -> tuple[str, ...]:
        reload = ("--reload",) if self.plan.reload else ()
        return (
            "portal.wsgi",
            f"--bind=127.0.0.1:{self.port}",
            "--worker-class=gthread",
            "--workers=2",
            "--threads=8",
            "--timeout=120",
            "--graceful-timeout=10",
            "--no-control-socket",
            f"--chdir={ROOT}",
            *reload,
        )

    def _suspend_words(self) -> tuple[str, ...]:
        return (
            "portal.wsgi",
            f"--bind=127.0.0.1:{self.suspend_port}",
            "--worker-class=gthread",
            "--threads=4",
            "--graceful-timeout=10",
            "--no-control-socket",
            f"--chdir={ROOT}",
        )

    def _stream_words(self) -> tuple[str, ...]:
        return (
            "portal.asgi:application",
            "--host=127.0.0.1",
            f"--port={self.stream_port}",
            "--lifespan=on",
            "--timeout-graceful-shutdown=2",  # what it serves has no end of its own
            "--no-access-log",
            "--log-level=warning",
        )

    @property
    def _inventory(self) -> Path:
        return self.plan.var / "inventory.csv"

    def _is_ready(self) -> bool:
        answer = _answer(f"{self.url}/readyz")
        return b'"beat": "ok"' in answer and b"never heard" not in answer and b"silent" not in answer

    def _stream_answers(self) -> bool:
        return b"alive" in _answer(f"http://127.0.0.1:{self.stream_port}/livez")

    def _suspend_answers(self) -> bool:
        return b"alive" in _answer(f"http://127.0.0.1:{self.suspend_port}/livez")

    def all_answer(self) -> bool:
        """Return whether web, stream, workers, beat and the way to suspend are well."""
        return self._is_ready() and self._stream_answers() and self._suspend_answers()

    def _before_answers(self) -> bool:
        return self.release_before is not None and b"alive" in _answer(f"{self.release_before.url}/livez")

    def _simulator_answers(self) -> bool:
        return b"ok" in _answer(f"http://127.0.0.1:{self.simulator_port}/healthz")


def _answer(url: str) -> bytes:
    try:
        with urllib.request.urlopen(url, timeout=5) as answer:  # noqa: S310 - our own
            return bytes(answer.read())
    except (urllib.error.URLError, OSError):
        return b""


def _token(secret: str, name: str) -> str:
    return hmac.new(secret.encode(), f"csp token: {name}".encode(), hashlib.sha256).hexdigest()


@contextlib.contextmanager
def _stopped_by_signals() -> Iterator[None]:
    def stop(_number: int, _frame: object) -> NoReturn:
        for number in numbers:  # a second Ctrl-C must not cut the stopping short
            signal.signal(number, signal.SIG_IGN)
        raise Stopped

    numbers = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
    before = {number: signal.signal(number, stop) for number in numbers}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
