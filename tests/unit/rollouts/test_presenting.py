"""What is overdue is shown where it belongs: at today, because it happens as soon as it can."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest

from notifications.notice_texts import icon_of
from portal.events.kinds import EntryKind
from portal.kernel.presentation.icons import icon
from rollouts.states import Region
from rollouts.web.presenting import calendar_of, from_today

NOW = datetime(2030, 3, 4, 10, tzinfo=UTC)
TODAY, BEFORE, AFTER = date(2030, 3, 4), date(2030, 2, 1), date(2030, 3, 9)


def test_overdue_days_are_added_to_today():
    days = {AFTER: {"default": 7}, BEFORE: {"yours": 2}, TODAY: {"yours": 3, "waiting": 1}}

    assert from_today(days, now=NOW) == {TODAY: {"yours": 5, "waiting": 1}, AFTER: {"default": 7}}
    assert list(from_today(days, now=NOW)) == [TODAY, AFTER]


def test_a_calendar_begins_today():
    calendar = calendar_of({Region.NORTH: {BEFORE: 4, AFTER: 6}, Region.SOUTH: {TODAY: 1}}, now=NOW)

    assert calendar.days == [TODAY, AFTER]
    assert [row.cells for row in calendar.rows] == [[4, 6], [1, 0]]
    assert [row.total for row in calendar.rows] == [10, 1]


@pytest.mark.parametrize("kind", [kind for kind in EntryKind if not kind.is_about_one_hub])
def test_every_notice_has_an_icon_that_can_be_drawn(kind):
    assert "<svg" in icon(icon_of(kind))
