"""The visual language: states, numbers, charts and fields as the templates draw them."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from django import forms
from django.template import Context, Template
from django.test import RequestFactory

from portal.kernel.presentation import charts, day_columns, numbers
from portal.kernel.presentation.icons import ICONS
from portal.kernel.presentation.states import KINDS, UnknownState, look_of
from portal.kernel.presentation.styleguide import styleguide
from rollouts import states as domain

ROOT = Path(__file__).parent.parent.parent


NOON = datetime(2027, 2, 18, 12, 0, tzinfo=UTC)


def drawn(source: str, **context: object) -> str:
    return Template("{% load portal_ui %}" + source).render(Context(context))


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
    chart = day_columns.columns(
        {date(2027, 3, 1): {"all": top}}, series=[day_columns.Series("all", "All", "info")]
    )

    assert 2 <= len(chart.y_ticks) <= 6
    assert chart.y_ticks[-1].place == 100
    assert 0 <= chart.columns[0].blocks[0].y <= charts.FIELD


def test_a_day_is_a_day_wide():
    days = {date(2027, 3, 1): {"all": 1}, date(2027, 3, 2): {"all": 1}, date(2027, 3, 10): {"all": 1}}

    chart = day_columns.columns(days, series=[day_columns.Series("all", "All", "info")])

    places = [column.x for column in chart.columns]
    assert (places[1] - places[0], places[2] - places[0]) == (100, 900)
    assert [tick.label for tick in chart.x_ticks] == ["1 Mar", "3 Mar", "5 Mar", "7 Mar", "9 Mar"]


def test_columns_stack_and_their_table_adds_up():
    days = {date(2027, 3, 1): {"yours": 10, "default": 5}, date(2027, 3, 2): {"default": 7}}
    series = [
        day_columns.Series("yours", "By instruction", "yours"),
        day_columns.Series("default", "By default", "default"),
    ]

    html = drawn("{% chart_days days title='If you do nothing' series=series %}", days=days, series=series)

    assert "1 Mar 2027" in html
    assert re.search(r"Total</th>.*?22</td>", html, re.DOTALL)


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
        is_mail = template.parent.name == "email"  # programs that show mail read no style sheet
        assert is_mail or " style=" not in template.read_text(), template


def test_every_class_the_components_use_for_positions_exists():
    css = (ROOT / "static/css/govuk.css").read_text()

    for place in (0, 1, 50, 99, 100):
        for prefix in ("at", "up", "w"):
            assert f".{prefix}-{place}{{" in css


def test_no_crown_font_or_foreign_address_is_shipped():
    for path in (ROOT / "static").rglob("*"):
        if path.is_file():
            text = path.read_bytes()
            assert b"GDS Transport" not in text
            assert b"url(http" not in text


def test_the_typeface_is_small_and_comes_with_its_licence():
    fonts = ROOT / "static" / "fonts"
    css = (ROOT / "static" / "css" / "portal.css").read_text()

    assert (fonts / "inter.woff2").stat().st_size < 40_000
    assert "SIL OPEN FONT LICENSE" in (fonts / "inter-licence.txt").read_text()
    assert css.count("@font-face") == 1


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
