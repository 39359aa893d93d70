"""The portal, as a program sees it."""

from __future__ import annotations

import json
import time
import uuid
from collections.abc import Callable, Collection, Iterator
from datetime import datetime
from typing import Any, Final, Protocol, Self, TypeVar
from urllib.parse import parse_qs, urlsplit

import httpx

from firmware_portal.access import ClientCredentials, Secret
from firmware_portal.generated import AuthenticatedClient
from firmware_portal.generated.api.instructions import get_instruction
from firmware_portal.generated.models import (
    DryRun,
    EligibleHubRow,
    EstateHub,
    Instruction,
    Problem,
    Rejection,
)
from firmware_portal.hub_lists import Hubs, body_of, content_type_of
from firmware_portal.refusals import Refused, refusal
from firmware_portal.waiting import KEY, PatientTransport

T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)
FIRST_PAUSE: Final = 0.25
LONGEST_PAUSE: Final = 5.0


class Page(Protocol[T_co]):
    """A page of a list."""

    @property
    def items(self) -> Collection[T_co]:
        """What stands on it."""

    @property
    def next_(self) -> str | None:
        """The address of the page after."""


class _Row(Protocol):
    @classmethod
    def from_dict(cls, src_dict: Any) -> Self: ...


Row = TypeVar("Row", bound=_Row)


class Portal:
    """One system's access to the portal; any number of threads may share it.

    `api` is what the generated operations take as their `client`; `call` and `each` give it to them.
    Whatever is refused comes as `Refused`; a client without access as `AccessRefused`.

    Args:
        url: where the portal is, such as `https://portal.example`.
        client_id: of a client that an administrator of yours has made.
        secret: its secret, or a function that returns it.
        stream_url: where the stream of events is, if not at `url`.
        patience: for how many seconds 429, 503 and lost connections are waited out.
        timeout: seconds without a byte after which a connection counts as lost.
        transport: how requests travel, for certificates and proxies of your own.
    """

    def __init__(
        self,
        url: str,
        client_id: str,
        secret: Secret,
        *,
        stream_url: str = "",
        patience: float = 120.0,
        timeout: float = 60.0,
        transport: httpx.BaseTransport | None = None,
    ) -> None:
        self.url = url.rstrip("/")
        self.stream_url = (stream_url or url).rstrip("/")
        inner = transport or httpx.HTTPTransport()
        self.http = _Http(
            base_url=self.url,
            auth=ClientCredentials(f"{self.url}/oauth/token", client_id, secret),
            timeout=timeout,
            transport=PatientTransport(inner, patience=patience),
        )
        self.api = AuthenticatedClient(base_url=self.url, token="").set_httpx_client(self.http)

    def __enter__(self) -> Self:
        """Use it for the length of a block."""
        return self

    def __exit__(self, *_: object) -> None:
        """Let go of the connections."""
        self.close()

    def close(self) -> None:
        """Let go of the connections."""
        self.http.close()

    def call(self, operation: Callable[..., T | Problem | None], *args: Any, **named: Any) -> T:
        """Call a generated operation: `portal.call(get_rollout.sync, 17)`.

        Raises:
            Refused: the portal refused it.
        """
        return known(operation(*args, client=self.api, **named))

    def each(
        self, operation: Callable[..., Page[T] | Problem | None], *args: Any, **query: Any
    ) -> Iterator[T]:
        """Yield what a generated list operation lists, page by page: `portal.each(list_rollouts.sync)`.

        Raises:
            Refused: the portal refused it.
        """
        query.setdefault("limit", 1000)
        while True:
            page = self.call(operation, *args, **query)
            yield from page.items
            if not page.next_:
                return
            query["after"] = cursor_in(page.next_)

    def estate(self, **filters: Any) -> Iterator[EstateHub]:
        """Yield every hub of yours in one answer, however many there are; `filters` as of `list_estate`."""
        return self._lines("/api/v1/estate", EstateHub, filters)

    def eligible_hubs(self, rollout_id: int, **filters: Any) -> Iterator[EligibleHubRow]:
        """Yield your hubs that a rollout is for, in one answer; `filters` as of `list_eligible_hubs`."""
        return self._lines(f"/api/v1/rollouts/{rollout_id}/eligible-hubs", EligibleHubRow, filters)

    def rejections(self, reference: str) -> Iterator[Rejection]:
        """Yield the lines of an instruction that were not accepted, each with its reason."""
        return self._lines(f"/api/v1/instructions/{reference}/rejections", Rejection, {})

    def instruction_hubs(self, reference: str) -> Iterator[EligibleHubRow]:
        """Yield the hubs an instruction counts for, and where each stands now."""
        return self._lines(f"/api/v1/instructions/{reference}/hubs", EligibleHubRow, {})

    def instruct(
        self,
        rollout_id: int,
        hubs: Hubs,
        *,
        kind: str = "INSTRUCT",
        activate_at: datetime | None = None,
        key: str = "",
        name: str = "",
    ) -> Instruction:
        """Instruct, agree, decline or withdraw for hubs of yours: GUIDs, or a file of them (CSV or NDJSON).

        The list travels packed, a file in chunks. With a `key` of your own a repetition after a crash is done
        once, so write the key and the hubs down before you call. Without one, the key lasts for this call.
        A long list is still being applied when this returns: see `finished`.

        Raises:
            Refused: nothing was accepted at all, or `idempotency_key_reused`: the key stands for other hubs.
        """
        query = {"kind": kind, "activate_at": moment(activate_at), "name": name}
        response = self._send_hubs(rollout_id, hubs, query, {KEY: key or new_key()})
        return Instruction.from_dict(response.json())

    def dry_run(
        self, rollout_id: int, hubs: Hubs, *, kind: str = "INSTRUCT", activate_at: datetime | None = None
    ) -> DryRun:
        """Say what would come of an instruction, and change nothing."""
        query = {"kind": kind, "activate_at": moment(activate_at), "dry_run": "true"}
        return DryRun.from_dict(self._send_hubs(rollout_id, hubs, query, {}).json())

    def finished(self, instruction: Instruction, *, within: float = 600.0) -> Instruction:
        """Wait until an instruction is applied to all of its hubs, and return it as it then is.

        Raises:
            TimeoutError: it takes longer than `within` seconds.
        """
        ends, pause = time.monotonic() + within, FIRST_PAUSE
        while instruction.finished_at is None:
            if time.monotonic() > ends:
                raise TimeoutError(f"{instruction.reference} is not applied yet.")
            time.sleep(pause)
            pause = min(pause * 2, LONGEST_PAUSE)
            instruction = self.call(get_instruction.sync, instruction.reference)
        return instruction

    def _send_hubs(
        self, rollout_id: int, hubs: Hubs, query: dict[str, str], headers: dict[str, str]
    ) -> httpx.Response:
        headers |= {"Content-Type": content_type_of(hubs), "Content-Encoding": "gzip"}
        path = f"/api/v1/rollouts/{rollout_id}/instructions"
        said = {name: value for name, value in query.items() if value}
        return self.http.request("POST", path, params=said, content=body_of(hubs), headers=headers)

    def _lines(self, path: str, row: type[Row], filters: dict[str, Any]) -> Iterator[Row]:
        headers = {"Accept": "application/x-ndjson", "Accept-Encoding": "gzip"}
        with self.http.stream("GET", path, params=filters, headers=headers) as response:
            for line in response.iter_lines():
                yield row.from_dict(json.loads(line))


class _Http(httpx.Client):
    """Raises what is refused, for our own calls and for those of the generated operations alike."""

    def send(self, request: httpx.Request, **more: Any) -> httpx.Response:
        response = super().send(request, **more)
        if response.is_error:
            response.read()
            response.close()
            raise refusal(response)
        return response


def known(answer: T | Problem | None) -> T:
    """Return an answer that the description knows.

    Raises:
        TypeError: it is another one.
    """
    if answer is None or isinstance(answer, Problem):
        raise TypeError("The portal answered with what its description does not know; is the library older?")
    return answer


def cursor_in(address: str) -> str:
    """Return where the page after begins."""
    return parse_qs(urlsplit(address).query)["after"][0]


def new_key() -> str:
    """Return an `Idempotency-Key` that nobody has used."""
    return str(uuid.uuid4())


def moment(at: datetime | None) -> str:
    """Write a time as the portal reads it; nothing for none."""
    if at is None:
        return ""
    if at.tzinfo is None:
        raise ValueError("A time needs its offset.")
    return at.isoformat()


__all__ = ["Hubs", "Page", "Portal", "Refused", "new_key"]
