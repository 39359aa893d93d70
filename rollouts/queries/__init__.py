"""Everything the portal can be asked: reads that answer with frozen values, never with models."""

from __future__ import annotations

from rollouts.queries.channels import ChannelHealth, channel_health
from rollouts.queries.forecast import RegionForecast, ScheduledVolume, distribution_forecast, forward_schedule
from rollouts.queries.halts import HaltPreview, halt_preview

__all__ = [
    "ChannelHealth",
    "HaltPreview",
    "RegionForecast",
    "ScheduledVolume",
    "channel_health",
    "distribution_forecast",
    "forward_schedule",
    "halt_preview",
]
