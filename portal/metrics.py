"""Figures for Prometheus: read from the stores when asked, so that every web process answers the same."""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Iterator
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.utils.module_loading import import_string
from django.views.decorators.cache import never_cache
from prometheus_client import CollectorRegistry
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest
from prometheus_client.registry import Collector

from portal.kernel import tenancy
from portal.kernel.metrics import Metric


@never_cache
def metrics(request: HttpRequest) -> HttpResponse:
    """Serve the figures of `METRIC_SOURCES` to bearers of `METRICS_TOKEN`; to nobody where none is set."""
    shown = request.headers.get("Authorization", "").removeprefix("Bearer ")
    expected = settings.METRICS_TOKEN
    if not expected or not secrets.compare_digest(shown.encode(), expected.encode()):
        answer = HttpResponse(
            "Show METRICS_TOKEN as a bearer token.\n", status=401, content_type="text/plain"
        )
        answer["WWW-Authenticate"] = "Bearer"
        return answer
    registry = CollectorRegistry()
    registry.register(_Sources())
    with tenancy.crossing():
        return HttpResponse(generate_latest(registry), content_type=CONTENT_TYPE_LATEST)


class _Sources(Collector):
    def collect(self) -> Iterator[GaugeMetricFamily]:
        for source in settings.METRIC_SOURCES:
            yield from _families(import_string(source)())

    def describe(self) -> Iterable[Any]:
        return []  # else the registry would collect once to learn the names


def _families(measures: Iterable[Metric]) -> Iterable[GaugeMetricFamily]:
    families: dict[str, GaugeMetricFamily] = {}
    for measure in measures:
        names = sorted(measure.labels)
        family = families.setdefault(
            measure.name, GaugeMetricFamily(measure.name, measure.help, labels=names)
        )
        family.add_metric([measure.labels[name] for name in names], measure.value)
    return families.values()
