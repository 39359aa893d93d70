"""The style guide: every component in every state, with invented data; for development and tests."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any, Final

from django import forms
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import path

from portal.kernel.presentation.charts import ChartPoint, Segment
from portal.kernel.presentation.day_columns import Series
from portal.kernel.presentation.icons import ICONS
from portal.kernel.presentation.states import CONSENT_STATES, ROLLOUT_STATES, TARGET_STATES

#: The moment at which the guide takes place.
NOW: Final = datetime(2027, 2, 18, 9, 41, tzinfo=UTC)
_DEFAULT_DAY: Final = 27


class StyleguideForm(forms.Form):
    """One of each kind of field."""

    name = forms.CharField(
        label="Name of the rule", help_text="You and your colleagues will see it in the list."
    )
    version = forms.ChoiceField(
        label="Current firmware", choices=[("", "Any"), ("0C22", "0C220000"), ("0C23", "0C230000")]
    )
    policy = forms.ChoiceField(
        label="If the second Supplier does not answer",
        choices=[("VOLUNTARY", "Use our time"), ("MANDATORY", "Use DCC's date")],
        widget=forms.RadioSelect,
    )
    regions = forms.MultipleChoiceField(
        label="CSP regions",
        choices=[("1", "North"), ("2", "Central"), ("3", "South")],
        widget=forms.CheckboxSelectMultiple,
        help_text="All of them if none is ticked.",
        required=False,
    )
    guids = forms.CharField(
        label="Hubs",
        help_text="One GUID a line, in any spelling.",
        widget=forms.Textarea(attrs={"rows": 4, "class": "mono"}),
    )
    file = forms.FileField(label="Or a file", help_text="CSV or XLSX, up to 1,000,000 GUIDs.", required=False)
    password = forms.CharField(label="Password", widget=forms.PasswordInput)
    sure = forms.BooleanField(label="I have read the Release Note", help_text="Revision 2 of 11 Feb 2027.")


class StyleguideFilterForm(forms.Form):
    """Filters of an estate."""

    q = forms.CharField(label="GUID", required=False)
    region = forms.ChoiceField(label="Region", choices=[("", "All"), ("1", "North")], required=False)
    firmware = forms.ChoiceField(
        label="Firmware", choices=[("", "All"), ("0C22", "0C220000")], required=False
    )
    status = forms.ChoiceField(
        label="SMI status", choices=[("", "All"), ("4", "Commissioned")], required=False
    )


def styleguide(request: HttpRequest) -> HttpResponse:
    """Show everything."""
    failing = StyleguideForm({"guids": "00-DB-12-34-56-78-00-0", "name": ""}, auto_id="bad_%s")
    return render(
        request,
        "styleguide.html",
        {
            **_frame(),
            **_states(),
            **_charts(),
            **_rows(),
            **_timelines(),
            **_facts(),
            **_acts(),
            **_notices(),
            "form": StyleguideForm(initial={"policy": "VOLUNTARY", "regions": ["1"]}),
            "failing": failing,
            "filter_form": StyleguideFilterForm(auto_id="filter_%s"),
            "icons": sorted(ICONS),
        },
    )


def _frame() -> dict[str, Any]:
    labels = [
        "Dashboard",
        "Rollouts",
        "Instruct",
        "Estate",
        "Rules",
        "Notices",
        "Incidents",
        "Clients and webhooks",
    ]
    return {
        "portal_now": NOW,
        "portal_clock": "1 day in 10 seconds",
        "portal_user": {
            "name": "Priya Shah",
            "email": "priya.shah@northwind.example",
            "organisation": "Northwind Energy",
            "roles": "Supplier analyst",
            "links": [{"label": "Preferences", "url": "#p"}, {"label": "Log-in and security", "url": "#s"}],
            "logout_url": "#out",
        },
        "portal_nav": [
            {
                "label": label,
                "url": f"#{label.lower()}",
                "current": label == "Rollouts",
                "count": 2 if label == "Rollouts" else 0,
            }
            for label in labels
        ],
        "portal_inbox": {"url": "#inbox", "unread": 7},
        "portal_links": [{"label": "Requirements v1.2", "url": "#r"}, {"label": "REST API", "url": "#api"}],
        "crumbs": [{"label": "Dashboard", "url": "#d"}, {"label": "Rollouts", "url": "#u"}],
    }


def _states() -> dict[str, Any]:
    counts = [118_402, 3_120, 20_511, 9_870, 1_204_882, 402_113, 41, 12, 230, 96, 8, 3, 1_020]
    segments = [Segment(name, n, "#hubs") for name, n in zip(TARGET_STATES, counts, strict=True)]
    return {
        "target_states": list(TARGET_STATES),
        "consent_states": list(CONSENT_STATES),
        "rollout_states": list(ROLLOUT_STATES),
        "segments": segments,
        "few_segments": segments[:5],
        "consents": [
            Segment(name, n)
            for name, n in zip(CONSENT_STATES, (812_000, 2_106, 410_000, 1_900, 0, 412), strict=True)
        ],
        "nothing": [],
        "in_flight": [
            {
                "name": "WNC SC 0C230000",
                "status": "PILOT",
                "due": NOW + timedelta(days=21),
                "segments": segments[2:6],
            },
            {
                "name": "Toshiba DB 0002012F",
                "status": "SAFE_LAUNCH",
                "due": NOW + timedelta(days=2),
                "segments": segments,
            },
            {"name": "EDMI SC 01030400", "status": "SUSPENDED", "due": None, "segments": segments[3:8]},
        ],
    }


def _charts() -> dict[str, Any]:
    start, deadline = NOW - timedelta(days=40), NOW + timedelta(days=45)
    points = [ChartPoint(start + timedelta(days=4 * n), int(1_750_000 * (n / 21) ** 1.7)) for n in range(11)]
    climb = points[-1].value
    fast = [ChartPoint(NOW + timedelta(days=8 * n), min(1_760_308, climb + 310_000 * n)) for n in range(6)]
    slow = [ChartPoint(NOW + timedelta(days=9 * n), climb + 150_000 * n) for n in range(6)]
    days = {
        date(2027, 3, 1) + timedelta(days=n): {
            "yours": (n * 37 % 11) * 4_100,
            "waiting": 1_900 if n % 3 else 0,
            "default": 61_000 if n == _DEFAULT_DAY else 0,
        }
        for n in range(30)
    }
    return {
        "start": start,
        "deadline": deadline,
        "total": 1_760_308,
        "points": points,
        "forecast": fast,
        "slow": slow,
        "days": days,
        "series": [
            Series("yours", "By instruction", "yours"),
            Series("waiting", "If the second Supplier stays silent", "waiting"),
            Series("default", "By default, at DCC's date", "default"),
        ],
    }


def _rows() -> dict[str, Any]:
    return {
        "failures": [
            {"label": "Hub unreachable", "count": 1_804, "url": "#f", "note": "tried again until 1 May 2027"},
            {"label": "Hash mismatch", "count": 96, "url": "#f"},
            {"label": "Activation failure", "count": 41, "url": "#f"},
            {"label": "No image held", "count": 3, "url": "#f"},
        ],
        "regions": [
            {
                "label": "North",
                "segments": [
                    Segment("ACTIVATED", 60_000),
                    Segment("SCHEDULED", 210_000),
                    Segment("ACTIVATION_FAILED", 7),
                ],
            },
            {
                "label": "Central",
                "segments": [
                    Segment("ACTIVATED", 30_000),
                    Segment("DISTRIBUTED", 80_000),
                    Segment("ELIGIBLE", 320_000),
                ],
            },
            {"label": "South", "segments": [Segment("ACTIVATING", 12_000), Segment("ELIGIBLE", 120_000)]},
        ],
        "calendar": [
            {"region": region, "cells": [(n * seed) % 9_700 for n in range(1, 8)]}
            for region, seed in (("North", 3_700), ("Central", 5_300), ("South", 811))
        ],
        "calendar_top": 9_700,
        "calendar_days": [date(2027, 3, day) for day in range(1, 8)],
    }


def _timelines() -> dict[str, Any]:
    milestones: list[dict[str, Any]] = [
        {"label": "Notice", "at": NOW - timedelta(days=60)},
        {"label": "Pilot", "at": NOW - timedelta(days=20), "note": "300 hubs"},
        {"label": "Cut-off for instructions", "at": NOW + timedelta(days=18, hours=14), "url": "#instruct"},
        {"label": "Automatic activation", "at": NOW + timedelta(days=46, hours=14)},
        {"label": "Unreachable hubs given up", "at": None},
    ]
    return {
        "milestones": milestones,
        "all_ahead": [
            {**milestone, "at": milestone["at"] and milestone["at"] + timedelta(days=100)}
            for milestone in milestones
        ],
        "all_past": [
            {**milestone, "at": (milestone["at"] or NOW) - timedelta(days=100)} for milestone in milestones
        ],
    }


def _facts() -> dict[str, Any]:
    return {
        "deadlines": [
            NOW + timedelta(days=46),
            NOW + timedelta(days=9),
            NOW + timedelta(hours=30),
            NOW - timedelta(days=3),
        ],
        "facts": [
            {"label": "Hub model", "value": "WNC 433100AC"},
            {"label": "Firmware", "value": "0C230000", "mono": True, "note": "from 0C220000 or 0C210000"},
            {"label": "Severity", "value": "High", "url": "#s"},
            {"label": "Release Note", "value": "Revision 2, 11 Feb 2027", "url": "#n"},
            {"label": "Second Supplier", "value": "has instructed 1,204 of 3,310"},
        ],
        "hubs": [
            {
                "guid": f"00-DB-12-34-56-78-{n:02X}-{n * 7:02X}",
                "region": "North",
                "state": state,
                "at": NOW - timedelta(hours=n),
            }
            for n, state in enumerate(list(TARGET_STATES)[:7], start=3)
        ],
    }


def _acts() -> dict[str, Any]:
    return {
        "actions": [
            {"label": "Instruct", "count": 402_113, "url": "#i", "tone": "primary", "icon": "calendar"},
            {"label": "Download list", "count": 402_113, "url": "#d", "icon": "download"},
            {
                "label": "Withdraw instruction",
                "count": 12,
                "name": "act",
                "value": "withdraw",
                "tone": "warning",
            },
            {"label": "Approve", "count": 0, "name": "act", "value": "approve", "disabled": True},
        ],
        "due": [
            {
                "title": "Answer an incident: EDMI SC 01030400",
                "text": "Category 2: displays lost.",
                "due_at": NOW - timedelta(minutes=35),
                "url": "#a",
                "verb": "Answer",
                "count": "3 hubs",
            },
            {
                "title": "Instruct 402,113 hubs: WNC SC 0C230000",
                "text": "3,310 of them have a second Supplier.",
                "due_at": NOW + timedelta(days=18, hours=14),
                "url": "#i",
                "verb": "Instruct",
                "count": "402,113 hubs",
            },
            {
                "title": "Choose pilot hubs: EDMI SC 01030400",
                "text": "DCC takes up to 300.",
                "due_at": NOW + timedelta(hours=40),
                "url": "#p",
                "verb": "Choose hubs",
                "count": "",
            },
        ],
    }


def _notices() -> dict[str, Any]:
    return {
        "notices": [
            {
                "title": "1,204 hubs activated: WNC SC 0C230000",
                "text": "41 failed; the report lists them by reason.",
                "at": NOW - timedelta(minutes=5),
                "url": "#1",
                "icon": "check-circle",
                "tone": "good",
                "is_unread": True,
            },
            {
                "title": "Rollout suspended: EDMI SC 01030400",
                "text": "DCC stopped it for now. 9,870 of your hubs are scheduled; sending has stopped.",
                "at": NOW - timedelta(hours=3),
                "url": "#2",
                "icon": "pause",
                "tone": "warn",
                "is_unread": True,
            },
            {
                "title": "A new rollout is available: Toshiba DB 0002012F",
                "text": "",
                "at": NOW - timedelta(days=2),
                "url": "#3",
                "icon": "megaphone",
                "tone": "info",
                "is_unread": False,
            },
        ],
    }


urlpatterns = [path("styleguide/", styleguide, name="styleguide")]
