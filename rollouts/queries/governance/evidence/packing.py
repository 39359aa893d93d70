"""One file to take away: the report, the data behind it, and what shows that nobody has changed either."""

from __future__ import annotations

import csv
import hashlib
import io
import zipfile
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any, Final

import orjson

from portal.identity.scope import Scope
from portal.kernel.guid import Guid
from rollouts.queries.governance.evidence.collecting import Evidence, collect
from rollouts.queries.governance.evidence.document import pdf_document
from rollouts.queries.governance.evidence.page import html_page
from rollouts.queries.governance.evidence.sections import sections_of
from rollouts.rules.rates import Rate

_README: Final = """Evidence on {name}, as of {at}

report.html       the report, for any browser
report.pdf        the same on paper
figures.json      where hubs stood, and the rates
triage.csv        failures and incidents by group, with 95% intervals
comparison.csv    upgraded hubs against hubs of the same model that are not
days.csv          hubs settled, by day
halt_rules.json   the rules, what they saw, and when they tripped
incidents.csv     incidents, and incident_hubs.csv the hubs they name
decisions.json    decisions with every wording's signatures
audit.ndjson      the facts with their positions and hashes in the journal's chain
chain.json        what came of reckoning the whole chain again
SHA256SUMS        digests of all of these

{chain}
"""


@dataclass(frozen=True, slots=True)
class EvidencePack:
    """The file, and what it is called."""

    file_name: str
    content: bytes
    media_type: str = "application/zip"


def evidence_pack(scope: Scope, *, rollout_id: int, now: datetime) -> EvidencePack:
    """Collect the evidence on a rollout and pack it into one ZIP file.

    Raises:
        NotPermitted: for others than the DCC and the Panel.
        NotFound: there is no such rollout.
    """
    evidence = collect(scope, rollout_id=rollout_id, now=now)
    files = files_of(evidence)
    sums = "".join(f"{hashlib.sha256(content).hexdigest()}  {name}\n" for name, content in files.items())
    into = io.BytesIO()
    with zipfile.ZipFile(into, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in {**files, "SHA256SUMS": sums.encode()}.items():
            archive.writestr(zipfile.ZipInfo(name, now.timetuple()[:6]), content)
    return EvidencePack(f"evidence-{rollout_id}-{now:%Y%m%d-%H%M}.zip", into.getvalue())


def files_of(evidence: Evidence) -> dict[str, bytes]:
    """Write every file of the pack."""
    title = f"Evidence: {evidence.rollout.name}"
    sections = sections_of(evidence)
    files = {"report.html": html_page(title, sections), "report.pdf": pdf_document(title, sections)}
    files |= _data(evidence)
    readme = _README.format(
        name=evidence.rollout.name,
        at=evidence.taken_at.isoformat(),
        chain=evidence.chain.words,
    )
    return {"README.txt": readme.encode(), **files}


def _data(evidence: Evidence) -> dict[str, bytes]:
    return {
        "figures.json": _json(evidence.figures),
        "triage.csv": _triage(evidence),
        "comparison.csv": _comparison(evidence),
        "days.csv": _csv(
            ("day", "activated", "failed"), ((d.day, d.activated, d.failed) for d in evidence.days)
        ),
        "halt_rules.json": _json(_rules(evidence)),
        "incidents.csv": _incidents(evidence),
        "incident_hubs.csv": _csv(
            ("incident", "guid"),
            ((reference, str(Guid.from_db(guid))) for reference, guid in evidence.named_hubs),
        ),
        "decisions.json": _json([asdict(page) for page in evidence.decisions]),
        "audit.ndjson": b"".join(orjson.dumps(asdict(link)) + b"\n" for link in evidence.links),
        "chain.json": _json({**asdict(evidence.chain), "is_intact": evidence.chain.is_intact}),
    }


def _triage(evidence: Evidence) -> bytes:
    rates = ("failures", "unexplained", "incident_rate", "han_rate", "baseline")
    head = ["by", "group", "hubs", "upgraded", "failed", "incidents", "hubs_in_incidents"]
    for name in rates:
        head += _rate_head(name)
    rows = (
        [
            by.value,
            group.label,
            group.hubs,
            group.upgraded,
            group.failed,
            group.incidents,
            group.hubs_in_incidents,
            *(cell for name in rates for cell in _rate_cells(getattr(group, name))),
        ]
        for by, groups in evidence.groups.items()
        for group in groups
    )
    return _csv(head, rows)


def _comparison(evidence: Evidence) -> bytes:
    head = ["measure", *_rate_head("upgraded"), *_rate_head("not_upgraded")]
    rows = (
        [measure.name, *_rate_cells(measure.upgraded), *_rate_cells(measure.not_upgraded)]
        for measure in evidence.comparison.measures
    )
    return _csv(head, rows)


def _rules(evidence: Evidence) -> Mapping[str, Any]:
    rules = [
        {
            "rule": line.rule.pk,
            "name": line.rule.name,
            "kind": line.rule.kind,
            "batch": line.rule.batch_id,
            "threshold": line.rule.threshold,
            "minimum_sample": line.rule.minimum_sample,
            "lookback_hours": line.rule.lookback_hours,
            "is_active": line.rule.is_active,
            "since": line.since,
            "rate": line.rate.document(),
            "with_known": line.with_known.document(),
        }
        for line in evidence.rules
    ]
    return {"rules": rules, "trips": [asdict(trip) for trip in evidence.trips]}


def _incidents(evidence: Evidence) -> bytes:
    head = (
        "reference",
        "raised_at",
        "raised_by",
        "category",
        "title",
        "description",
        "han_impact",
        "han_devices",
        "hubs",
        "status",
        "respond_by",
        "responded_at",
        "resolve_by",
        "resolved_at",
        "service_desk_reference",
    )
    rows = (
        [
            evidence.raisers.get(each.organisation_id, "") if name == "raised_by" else getattr(each, name)
            for name in head
        ]
        for each in evidence.incidents
    )
    return _csv(head, rows)


def _rate_head(name: str) -> list[str]:
    return [f"{name}_{part}" for part in ("hits", "sample", "share", "lower", "upper")]


def _rate_cells(rate: Rate) -> Sequence[Any]:
    return list(rate.document().values())


def _json(document: Any) -> bytes:
    return orjson.dumps(document, option=orjson.OPT_INDENT_2 | orjson.OPT_NON_STR_KEYS)


def _csv(head: Iterable[str], rows: Iterable[Iterable[Any]]) -> bytes:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\r\n")
    writer.writerow(list(head))
    writer.writerows([_cell(cell) for cell in row] for row in rows)
    return text.getvalue().encode("utf-8-sig")


def _cell(value: Any) -> Any:
    """Keep a spreadsheet from taking what somebody typed for a formula."""
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, str) and value[:1] in {"=", "+", "-", "@", "\t", "\r"}:
        return f"'{value}"
    return "" if value is None else value
