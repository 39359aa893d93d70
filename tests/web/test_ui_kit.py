"""The visual language: states, times, numbers, charts and fields as the templates draw them."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from django import forms
from django.template import Context, Template
from django.test import RequestFactory

from portal.kernel.presentation import charts, moments, numbers
from portal.kernel.presentation.icons import ICONS
from portal.kernel.presentation.states import KINDS, UnknownState, look_of
from portal.kernel.presentation.styleguide import styleguide
from rollouts import states as domain

ROOT = Path(__file__).parent.parent.parent
NOON = datetime(2027, 2, 18, 12, 0, tzinfo=UTC)


def drawn(source: str, **context: object) -> str:
    return Template("{% load portal_ui %}" + source).render(Context(context))


# States


@pytest.mark.parametrize(
    ("kind", "enum"),
    [("target", domain.TargetState), ("consent", domain.Consent), ("rollout", domain.RolloutStatus)],
)
def test_every_state_of_the_domain_has_a_look_and_no_look_is_without_a_state(kind, enum):
    assert set(KINDS[kind]) == {member.name for member in enum}
    for member in enum:
        assert (
            look_of(member, kind=kind) == look_of(member.name, kind=kind) == look_of(member.value, kind=kind)
        )


@pytest.mark.parametrize("kind", KINDS)
def test_no_two_states_of_a_kind_share_their_word(kind):
    words = [look.word for look in KINDS[kind].values()]

    assert len(set(words)) == len(words)


@pytest.mark.parametrize("kind", KINDS)
def test_every_state_has_an_icon_and_a_colour_that_exist(kind):
    css = (ROOT / "static/css/portal.css").read_text()

    for look in KINDS[kind].values():
        assert look.icon in ICONS
        assert look.tone == "neutral" or f".badge--{look.tone} " in css
        if kind != "rollout":
            assert f".state--{look.css} " in css


def test_an_unknown_state_is_an_error_and_not_a_blank():
    with pytest.raises(UnknownState):
        look_of("NEARLY", kind="target")


def test_a_badge_carries_icon_word_and_colour():
    html = drawn("{% badge state %}", state=domain.TargetState.ACTIVATED)

    assert "badge--good" in html
    assert "<svg" in html
    assert "Activated" in html


# Bars


def test_a_bar_shows_one_failure_among_a_million():
    bar = charts.state_bar([charts.Segment("ACTIVATED", 1_000_000), charts.Segment("ACTIVATION_FAILED", 1)])

    assert [piece.look.name for piece in bar.slices] == ["ACTIVATED", "ACTIVATION_FAILED"]
    assert bar.slices[1].width > 0
    assert sum(piece.width for piece in bar.slices) == charts.FIELD
    assert bar.slices[0].share == ">99.9%"


def test_a_bar_leaves_out_what_is_empty_and_adds_up_what_is_equal():
    bar = charts.state_bar(
        [charts.Segment("ELIGIBLE", 2), charts.Segment("SCHEDULED", 0), charts.Segment("ELIGIBLE", 3)]
    )

    assert [(piece.look.name, piece.count) for piece in bar.slices] == [("ELIGIBLE", 5)]


def test_a_bar_without_hubs_says_so():
    html = drawn("{% state_bar nothing label='Hubs' %}", nothing=[])

    assert "Hubs: no hubs" in html
    assert "No hubs yet" in html


def test_a_bar_tells_its_numbers_to_those_who_do_not_see_it():
    html = drawn(
        "{% state_bar parts label='Hubs' legend=False %}",
        parts=[charts.Segment(60, 1204), charts.Segment(10, 5)],
    )

    assert 'aria-label="Hubs: 1,204 activated, 5 eligible"' in html


# Times


@pytest.mark.requirement("R4.4")
@pytest.mark.parametrize(
    ("at", "words"),
    [
        (datetime(2027, 3, 15, tzinfo=UTC), "15 Mar 2027, 00:00 GMT"),
        (datetime(2027, 6, 30, 23, 0, tzinfo=UTC), "1 Jul 2027, 00:00 BST"),
    ],
)
def test_times_are_british_and_say_their_offset(at, words):
    assert moments.long_time(at) == words


@pytest.mark.requirement("R4.4")
@pytest.mark.parametrize(
    ("at", "words"),
    [
        (datetime(2027, 1, 12, tzinfo=UTC), "end of 11 Jan 2027 (12 Jan, 00:00 GMT)"),
        (datetime(2027, 3, 28, 23, 0, tzinfo=UTC), "end of 28 Mar 2027 (29 Mar, 00:00 BST)"),
        (datetime(2026, 10, 25, 0, 0, tzinfo=UTC), "25 Oct 2026, 01:00 BST"),
        (datetime(2027, 1, 1, tzinfo=UTC), "end of 31 Dec 2026 (1 Jan, 00:00 GMT)"),
        (datetime(2027, 1, 12, 0, 1, tzinfo=UTC), "12 Jan 2027, 00:01 GMT"),
    ],
)
def test_a_deadline_at_midnight_is_the_end_of_a_day(at, words):
    assert moments.deadline_time(at) == words


def test_a_deadline_beside_a_countdown_names_its_weekday():
    midnight = datetime(2027, 1, 12, tzinfo=UTC)

    words = moments.Countdown(midnight, midnight - timedelta(days=2)).exactly

    assert words == "end of Mon 11 Jan 2027 (12 Jan, 00:00 GMT)"


@pytest.mark.requirement("R4.4")
@pytest.mark.parametrize(
    ("left", "words", "urgency"),
    [
        (timedelta(days=40), "40 days left", "calm"),
        (timedelta(days=14), "14 days left", "soon"),
        (timedelta(hours=47), "47 hours left", "urgent"),
        (timedelta(minutes=90), "90 minutes left", "urgent"),
        (timedelta(seconds=5), "1 minute left", "urgent"),
        (timedelta(days=-3), "Passed 3 days ago", "passed"),
    ],
)
def test_time_left_is_said_in_the_one_unit_that_matters(left, words, urgency):
    deadline = moments.Countdown(NOON + left, NOON)

    assert (deadline.words, deadline.urgency) == (words, urgency)


@pytest.mark.requirement("R4.4")
def test_what_is_still_owed_after_its_time_is_overdue_in_word_colour_and_icon():
    late = NOON - timedelta(minutes=50)
    owed, past = moments.Countdown(late, NOON, is_owed=True), moments.Countdown(late, NOON)

    assert (owed.words, owed.urgency, owed.icon) == ("Overdue by 50 minutes", "overdue", "x-circle")
    assert (past.words, past.urgency) == ("Passed 50 minutes ago", "passed")
    assert owed.icon != moments.Countdown(NOON + timedelta(hours=1), NOON, is_owed=True).icon
    html = drawn("{% time_left at label='Answer' owed=True %}", at=late, portal_now=NOON)
    assert "time-left--overdue" in html
    assert "Overdue by 50 minutes" in html


@pytest.mark.requirement("R4.4")
def test_working_days_leave_out_weekends_and_bank_holidays():
    thursday = datetime(2026, 12, 24, 9, 0, tzinfo=UTC)

    # Christmas Day, its substitute for Boxing Day (Monday 28th) and New Year's Day are bank holidays.
    assert moments.working_days_left(datetime(2027, 1, 5, tzinfo=UTC), now=thursday) == 4


@pytest.mark.requirement("R4.4")
def test_within_a_day_the_hours_say_more_than_working_days():
    assert moments.Countdown(NOON + timedelta(minutes=28), NOON).working_days == ""
    assert moments.Countdown(NOON + timedelta(days=1), NOON).working_days == "1 working day"


@pytest.mark.requirement("R4.4")
def test_a_deadline_at_midnight_does_not_lend_another_working_day():
    monday = datetime(2027, 2, 15, 9, 0, tzinfo=UTC)

    assert moments.working_days_left(datetime(2027, 2, 17, tzinfo=UTC), now=monday) == 1
    assert moments.working_days_left(datetime(2027, 2, 17, 0, 1, tzinfo=UTC), now=monday) == 2


@pytest.mark.requirement("R4.4")
def test_a_deadline_shows_what_is_left_the_local_time_and_the_working_days():
    html = drawn("{% time_left at label='Cut-off' %}", at=NOON + timedelta(days=5), portal_now=NOON)

    assert "5 days left" in html
    assert "Tue 23 Feb 2027, 12:00 GMT" in html
    assert "3 working days" in html


def test_a_moment_is_machine_readable_and_says_how_far_away_it_is():
    html = drawn("{% when at %}", at=NOON - timedelta(hours=3), portal_now=NOON)

    assert 'datetime="2027-02-18T09:00:00+00:00"' in html
    assert "3 hours ago" in html


# Timelines


def test_today_falls_between_the_dates_around_it():
    line = charts.timeline(
        [
            {"label": "Notice", "at": NOON - timedelta(days=10)},
            {"label": "Cut-off", "at": NOON + timedelta(days=30)},
            {"label": "Given up", "at": None},
            {"label": "Automatic", "at": NOON + timedelta(days=60)},
        ],
        now=NOON,
    )

    assert [step.label for step in line.steps] == ["Notice", "Cut-off", "Automatic", "Given up"]
    assert [step.standing for step in line.steps] == ["past", "next", "ahead", "open"]
    assert [step.is_after_today for step in line.steps] == [False, True, False, False]
    assert [step.place for step in line.steps] == [0, 57, 100, None]
    assert line.today == round(100 * 10 / 70)


def test_a_timeline_that_is_over_has_today_after_its_last_date():
    line = charts.timeline([{"label": "Notice", "at": NOON - timedelta(days=10)}], now=NOON)

    assert line.is_over
    assert 0 < line.today <= 100


# Charts


def test_a_forecast_says_whether_it_meets_the_deadline():
    done = [charts.ChartPoint(NOON - timedelta(days=1), 0), charts.ChartPoint(NOON, 50)]
    ahead = [charts.ChartPoint(NOON + timedelta(days=10), 100)]

    early = charts.curve(done, forecast=ahead, total=100, deadline=NOON + timedelta(days=15), now=NOON)
    late = charts.curve(done, forecast=ahead, total=100, deadline=NOON + timedelta(days=5), now=NOON)
    short = charts.curve(
        done, forecast=[charts.ChartPoint(NOON, 60)], total=100, deadline=NOON + timedelta(days=5), now=NOON
    )

    assert (early.is_late, early.verdict) == (
        False,
        "Forecast: done 28 Feb 2027, 5 days before the deadline.",
    )
    assert (late.is_late, late.verdict) == (True, "Forecast: done 28 Feb 2027, 5 days after the deadline.")
    assert (short.is_late, short.verdict) == (True, "Forecast: 40 hubs short at the deadline.")


def test_a_curve_without_points_is_still_a_chart():
    html = drawn("{% chart_curve points title='Activated' total=0 now=now %}", points=[], now=NOON)

    assert "<table" in html


@pytest.mark.parametrize("top", [1, 3, 9, 10, 49, 1_234, 999_999, 20_000_000])
def test_an_axis_has_a_few_round_marks_and_reaches_the_top(top):
    chart = charts.columns({date(2027, 3, 1): {"all": top}}, series=[charts.Series("all", "All", "info")])

    assert 2 <= len(chart.y_ticks) <= 6
    assert chart.y_ticks[-1].place == 100
    assert 0 <= chart.columns[0].blocks[0].y <= charts.FIELD


def test_a_day_is_a_day_wide():
    days = {date(2027, 3, 1): {"all": 1}, date(2027, 3, 2): {"all": 1}, date(2027, 3, 10): {"all": 1}}

    chart = charts.columns(days, series=[charts.Series("all", "All", "info")])

    places = [column.x for column in chart.columns]
    assert (places[1] - places[0], places[2] - places[0]) == (100, 900)
    assert [tick.label for tick in chart.x_ticks] == ["1 Mar", "3 Mar", "5 Mar", "7 Mar", "9 Mar"]


def test_columns_stack_and_their_table_adds_up():
    days = {date(2027, 3, 1): {"yours": 10, "default": 5}, date(2027, 3, 2): {"default": 7}}
    series = [
        charts.Series("yours", "By instruction", "yours"),
        charts.Series("default", "By default", "default"),
    ]

    html = drawn("{% chart_days days title='If you do nothing' series=series %}", days=days, series=series)

    assert "1 Mar 2027" in html
    assert re.search(r"Total</th>.*?22</td>", html, re.DOTALL)


# Numbers


@pytest.mark.parametrize(
    ("part", "total", "words"),
    [
        (0, 10, "0%"),
        (1, 2_000_000, "<0.1%"),
        (1_999_999, 2_000_000, ">99.9%"),
        (10, 10, "100%"),
        (1, 3, "33.3%"),
        (0, 0, numbers.NOTHING),
    ],
)
def test_a_share_never_rounds_some_to_none_or_nearly_all_to_all(part, total, words):
    assert numbers.share(part, total) == words


def test_counts_have_commas_and_nouns_agree():
    assert (
        drawn("{{ n|number }} {% count_of 1 'hub' %} {% count_of n 'hub' %}", n=1204)
        == "1,204 1 hub 1,204 hubs"
    )


# Fields


class Wish(forms.Form):
    """A few kinds of field."""

    name = forms.CharField(help_text="As your colleagues know it.")
    policy = forms.ChoiceField(choices=[("A", "One"), ("B", "Two")], widget=forms.RadioSelect)
    note = forms.CharField(widget=forms.Textarea, required=False)


def test_a_field_ties_its_hint_and_error_to_its_control():
    html = drawn("{% field form.name %}", form=Wish({"name": ""}))

    assert 'for="id_name"' in html
    assert 'aria-describedby="id_name-hint id_name-error"' in html
    assert 'aria-invalid="true"' in html
    assert "govuk-input--error" in html


def test_the_error_summary_names_each_field_and_leads_to_it():
    html = drawn("{% form_errors form %}", form=Wish({}))

    assert '<a href="#id_name">Name: ' in html
    assert '<a href="#id_policy_0">Policy: ' in html


def test_what_a_user_wrote_is_escaped_everywhere():
    html = drawn(
        "{% card title=bad %}{{ bad }}{% endcard %}{% mark bad %}{% guid bad %}{% page_header title=bad %}{% endpage_header %}"
        "{% chart_rows rows title=bad heading=bad %}{% timeline points now=now label=bad %}",
        bad="<script>",
        rows=[{"label": "<script>", "count": 1}],
        points=[{"label": "<script>", "at": NOON, "note": "<script>"}],
        now=NOON,
    )

    assert "<script>" not in html


# Pages


@pytest.mark.parametrize("template", ["403.html", "404.html", "409.html", "429.html", "500.html"])
def test_the_pages_of_last_resort_need_no_context(template):
    from django.template.loader import get_template

    html = get_template(template).render({})

    assert html.count("<h1") == 1


def test_no_template_carries_inline_script_or_style(rf: RequestFactory):
    html = styleguide(rf.get("/styleguide/")).content.decode()

    assert " style=" not in html
    assert "<style" not in html
    assert re.search(r"<script(?![^>]*\bsrc=)", html) is None
    assert re.search(r"\son\w+=", html) is None
    for template in (ROOT / "templates").rglob("*.html"):
        assert " style=" not in template.read_text(), template


def test_every_class_the_components_use_for_positions_exists():
    css = (ROOT / "static/css/govuk.css").read_text()

    for place in (0, 1, 50, 99, 100):
        for prefix in ("at", "up", "w"):
            assert f".{prefix}-{place}{{" in css


def test_no_crown_font_or_foreign_address_is_shipped():
    for path in (ROOT / "static").rglob("*"):
        if path.is_file():
            text = path.read_text()
            assert "GDS Transport" not in text
            assert "@font-face" not in text
            assert "url(http" not in text


def test_a_forecast_that_ends_at_the_deadline_says_so():
    ends = charts.ChartPoint(NOON + timedelta(days=2), 100)
    drawn = charts.curve(
        [charts.ChartPoint(NOON, 10)], forecast=[ends], total=100, deadline=ends.at, now=NOON
    )

    assert "at the deadline" in drawn.verdict
    assert not drawn.is_late


@pytest.mark.django_db
def test_an_empty_field_says_what_to_do_and_a_question_takes_no_colon(world, seat):
    page = seat("operator").post("/rollouts/new/", {"name": ""}).content.decode()

    assert "Name of the rollout: Fill this in." in page
    assert "Firmware on the Central Products List: Choose one." in page
    assert "field is required" not in page
