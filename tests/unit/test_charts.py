"""Charts: axes with round ticks, points that are thinned honestly, SVG and characters that show all there is."""

import re
import sys
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any
from xml.etree import ElementTree as ET

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from lineage.drawing.axes import time_axis, value_axis
from lineage.drawing.chart import Chart, ChartPoint
from lineage.drawing.chart_svg import svg_of_charts
from lineage.drawing.numbers import number_of, percent_of, probability_of, signed
from lineage.drawing.sparkline import BARS, sparkline
from lineage.drawing.text_chart import ASCII, Role, legend_of, plain_lines, text_chart
from lineage.drawing.thinning import thinned
from lineage.drawing.trend import trend_chart
from tests.trending import BEGIN, a_gap, a_point, a_regression, a_shift, a_trend
from tests.unit.test_svg import ANY_TEXT, HOSTILE, SVG, classes, words

FLOATS = st.floats(allow_nan=False, allow_infinity=False)
TIMES = st.datetimes(timezones=st.just(UTC))


def drawn(*charts: Chart) -> ET.Element:
    return ET.fromstring(svg_of_charts(charts))  # noqa: S314 - what we have just written


def svg_of(trend: dict[str, Any]) -> ET.Element:
    return drawn(trend_chart(trend, anchors={point["run"]["id"]: "run" for point in trend["points"]}))


def titles(found: ET.Element) -> list[str]:
    return [title.text or "" for title in found.iter(f"{SVG}title")]


def circles(found: ET.Element, name: str) -> list[ET.Element]:
    """The points of a kind: without the ring of an outlier, and without the legend."""
    of_kind = [group for group in found.iter(f"{SVG}g") if group.get("class") == name]
    return [circle for circle in of_kind[0].iter(f"{SVG}circle") if not circle.get("class")] if of_kind else []


def text_of(trend: dict[str, Any], **more: Any) -> str:
    return "\n".join("".join(text for text, _ in line) for line in text_chart(trend_chart(trend), width=80, **more))


# ------------------------------------------------------------------------------------------ axes
@pytest.mark.parametrize(
    ("values", "labels"),
    [
        ([0.871, 0.915], ["0.87", "0.88", "0.89", "0.90", "0.91"]),
        ([3, 47], ["10", "20", "30", "40"]),
        ([-1, 1], ["−1.0", "−0.5", "0.0", "0.5", "1.0"]),
        ([0, 12_345], ["0", "5,000", "10,000"]),
        ([1.0, 1.0], ["0.95", "1.00", "1.05"]),
        ([], ["−1.0", "−0.5", "0.0", "0.5", "1.0"]),
    ],
)
def test_ticks_of_values_are_round(values: list[float], labels: list[str]) -> None:
    assert [tick.label for tick in value_axis(values, 5).ticks] == labels


@given(st.lists(FLOATS, min_size=1, max_size=5))
def test_every_value_lies_within_its_axis_and_so_does_every_tick(values: list[float]) -> None:
    axis = value_axis(values, 5)
    assert all(0 <= axis.share(value) <= 1 for value in values)
    assert all(axis.low <= value <= axis.high for value in values)
    assert all(axis.low <= tick.at <= axis.high for tick in axis.ticks)
    assert len(axis.ticks) <= 8


@pytest.mark.parametrize(
    ("span", "labels"),
    [
        (timedelta(minutes=4), ["02:00", "02:01", "02:02", "02:03", "02:04"]),
        (timedelta(days=1), ["06:00", "12:00", "18:00", "11-02"]),
        (timedelta(days=21), ["11-02", "11-09", "11-16"]),
        (timedelta(days=100), ["2026-12", "2027-01", "2027-02"]),
        (timedelta(days=1400), ["2027", "2028", "2029", "2030"]),
    ],
)
def test_ticks_of_time_are_those_of_clocks_and_calendars(span: timedelta, labels: list[str]) -> None:
    assert [tick.label for tick in time_axis([BEGIN, BEGIN + span], 5).ticks] == labels


@given(st.lists(TIMES, min_size=1, max_size=4), st.integers(1, 12))
def test_ticks_of_time_are_few_and_in_order_whatever_the_times(times: list[datetime], most: int) -> None:
    axis = time_axis(times, most)
    assert len(axis.ticks) <= most + 2
    assert all(axis.low <= tick.at <= axis.high for tick in axis.ticks)
    assert all(one.at < other.at for one, other in pairwise(axis.ticks))


@given(st.floats(-1e300, 1e300))
def test_a_number_is_written_in_few_letters_and_to_four_digits(value: float) -> None:
    text = number_of(value)
    assert len(text) <= 11
    assert float(text.replace("−", "-").replace(",", "")) == pytest.approx(value, rel=1e-3)


def test_numbers_are_written_for_people() -> None:
    assert [number_of(one) for one in (None, 0.0, -0.25, 1234.5, 1e9, 1e-7)] == [
        "–",
        "0",
        "−0.25",
        "1,234.5",
        "1e+09",
        "1e-07",
    ]
    assert [signed(one) for one in (2.0, -2.0, 0.0, None)] == ["+2", "−2", "0", "–"]
    assert [percent_of(one) for one in (0.051, -0.5, 12.0, None)] == ["+5.1 %", "−50.0 %", "+1,200 %", "–"]
    assert [probability_of(one) for one in (0.03, 0.0, None)] == ["0.03", "<0.0001", "–"]


# ------------------------------------------------------------------------------------------ thinning
@given(st.lists(st.tuples(st.floats(0, 1e6), FLOATS), max_size=80), st.integers(1, 12))
def test_thinning_keeps_the_ends_and_the_extremes(points: list[tuple[float, float]], columns: int) -> None:
    points.sort(key=lambda point: point[0])
    kept = thinned(points, columns)
    assert kept == sorted(set(kept))
    assert len(kept) <= 2 * columns + 2
    if points:
        assert {kept[0], kept[-1]} == {0, len(points) - 1}
        for extreme in (min, max):
            assert extreme(points[number][1] for number in kept) == extreme(value for _, value in points)


def test_few_points_are_all_kept() -> None:
    assert thinned([(0.0, 1.0)] * 20, 10) == list(range(20))


# ------------------------------------------------------------------------------------------ svg
def test_every_point_is_drawn_and_leads_to_its_run() -> None:
    trend = a_trend([1.0, 3.0, 2.0])
    anchors = {point["run"]["id"]: f"row-{number}" for number, point in enumerate(trend["points"])}
    found = drawn(trend_chart(trend, anchors=anchors))
    assert [link.get("href") for link in found.iter(f"{SVG}a")] == ["#row-0", "#row-1", "#row-2"]
    assert "accuracy 3\nnightly-1, 2026-11-02 02:00:00 UTC" in titles(found)
    heights = [float(circle.get("cy", "")) for circle in circles(found, "computed")]
    assert heights[1] < heights[2] < heights[0], "values grow upward"


def test_points_stand_at_their_slots() -> None:
    late = a_point(1, 1.0, at="2026-11-02T09:00:00Z")
    trend = a_trend([1.0, 1.0, 1.0])
    trend["points"][1] = late
    first, middle, last = (float(circle.get("cx", "")) for circle in circles(svg_of(trend), "computed"))
    assert middle == pytest.approx((first + last) / 2, abs=0.2)


def test_what_is_not_plain_has_a_shape_of_its_own_and_a_word_for_it() -> None:
    found = svg_of(a_regression())
    assert {"computed", "cached", "ring", "gap", "missed", "version", "band", "level", "REGRESSION"} <= classes(found)
    told = {"computed", "from a cache", "outlier", "run without a value", "missed slot", "another version"}
    assert told | {"median of a level", "where it shifted", "version", "▼ regression −4.2 %"} <= set(words(found))
    plain = svg_of(a_trend([1.0, 2.0]))
    assert not {"cached", "ring", "gap", "version", "band", "level"} & classes(plain)
    assert not (told - {"computed"}) & set(words(plain))


def test_a_shift_is_a_band_from_where_it_may_have_been_first_to_where_last() -> None:
    found = svg_of(a_regression())
    (band,) = [one for one in found.iter(f"{SVG}rect") if one.get("class") == "band"]
    at = {circle.get("cx") for kind in ("computed", "cached") for circle in circles(found, kind)}
    ends = [float(band.get("x", "")), float(band.get("x", "")) + float(band.get("width", ""))]
    stands = sorted(float(one or "") for one in at)
    assert ends == [pytest.approx(stands[24], abs=0.2), pytest.approx(stands[26], abs=0.2)]


def test_gaps_say_why() -> None:
    found = titles(svg_of(a_regression()))
    assert "the run failed\nnightly-9.5, 2026-11-10 14:00:00 UTC" in found
    assert "no run was made for this slot\n2026-11-19 14:00:00 UTC" in found


def test_many_points_stay_a_small_file_that_says_so() -> None:
    text = svg_of_charts([trend_chart(a_trend([float(number * 7919 % 1000) for number in range(10_000)]))])
    assert len(text) < 500_000
    assert re.search(r"Of 10,000 points [12],\d{3} are drawn", text)


def test_many_gaps_and_versions_stay_a_small_file() -> None:
    trend = a_trend([1.0] * 400, gaps=[a_gap(number / 50) for number in range(20_000)])
    for point in trend["points"]:
        point["versionChanged"] = True
    found = svg_of(trend)
    assert len(list(found.iter())) < 6_000


def test_several_charts_stand_below_each_other() -> None:
    found = drawn(trend_chart(a_trend([1.0])), trend_chart(a_trend([2.0], metric="loss")))
    assert [text for text in words(found) if text in ("accuracy", "loss")] == ["accuracy", "loss"]


def test_a_series_without_values_says_so() -> None:
    assert "No value is known." in words(svg_of(a_trend([], warnings=["Nothing ran."])))
    assert "Nothing ran." in words(svg_of(a_trend([], warnings=["Nothing ran."])))


def test_a_chart_asks_for_nothing_and_runs_nothing() -> None:
    text = svg_of_charts([trend_chart(a_regression())])
    assert re.findall(r"https?://[^\"]*", text) == ["http://www.w3.org/2000/svg"]
    assert not re.search(r"<script|url\(|@import|\son\w+=|\sid=|\sstyle=", text)


@given(ANY_TEXT)
def test_no_text_becomes_anything_but_text(text: str) -> None:
    at = datetime(2026, 11, 1, tzinfo=UTC)
    point = ChartPoint(at=at, value=1.0, told=(text, HOSTILE), anchor=text)
    found = drawn(Chart(title=f"{HOSTILE}{text}", points=(point,), notes=(text,)))
    assert {element.tag.removeprefix(SVG) for element in found.iter()} <= {
        *("svg", "title", "style", "rect", "g", "path", "text", "circle", "a")
    }
    assert all(link.get("href", "#").startswith("#") for link in found.iter())


@settings(max_examples=25)
@given(st.lists(FLOATS, max_size=6), FLOATS, FLOATS)
def test_any_values_can_be_drawn_within_the_picture(values: list[float], before: float, after: float) -> None:
    shifts = [a_shift(1, before, after, relativeChange=None)] if len(values) > 1 else []
    found = svg_of(a_trend(values, shifts=shifts))
    for circle in circles(found, "computed"):
        assert 0 <= float(circle.get("cx", "")) <= float(found.get("width", ""))
        assert 0 <= float(circle.get("cy", "")) <= float(found.get("height", ""))
    assert text_of(a_trend(values, shifts=shifts))


# ------------------------------------------------------------------------------------------ characters
def test_a_chart_in_characters_shows_values_gaps_and_shifts() -> None:
    text = text_of(a_regression())
    for expected in ("0.90 ┤", "▼ regression −4.2 %", "○", "◎", "×", "╷", "╌", "┊", "11-09", "2026-11-01 02:00 to"):
        assert expected in text


def test_a_chart_in_ascii_says_the_same() -> None:
    text = text_of(a_regression(), signs=ASCII)
    assert text.isascii()
    for expected in ("0.90 +", "v regression -4.2 %", "*", "o", "@", "x", "!", ":", "11-09"):
        assert expected in text
    assert legend_of(trend_chart(a_regression()), ASCII).isascii()


@settings(max_examples=25)
@given(st.lists(FLOATS, min_size=1, max_size=8), st.integers(0, 150))
def test_no_line_is_wider_than_asked(values: list[float], width: int) -> None:
    wide = max(width, 40)
    assert all(len(line) <= wide for line in plain_lines(trend_chart(a_trend(values)), width=wide))


def test_higher_values_stand_higher() -> None:
    lines = text_chart(trend_chart(a_trend([1.0, 5.0])), width=60, signs=ASCII)
    rows = [row for row, line in enumerate(lines) for text, role in line if role is Role.POINT]
    assert rows == [0, 11]
    assert lines[11][1][1] is Role.POINT, "the earlier one, which is the lower, stands first"


def test_nothing_is_said_where_nothing_is_known() -> None:
    assert text_of(a_trend([])) == "No value is known."
    assert legend_of(trend_chart(a_trend([1.0])), ASCII) == ""


# ------------------------------------------------------------------------------------------ in one word
@given(st.lists(FLOATS, max_size=60))
@example([0.0, *[sys.float_info.max] * 11])
@example([5e-324, 0.0])
@example([-sys.float_info.max, sys.float_info.max])
def test_a_sparkline_is_short_whatever_the_values(values: list[float]) -> None:
    word = sparkline(values, 10)
    assert len(word) == min(10, len(values))
    assert set(word) <= set(BARS)


def test_a_sparkline_shows_how_it_went() -> None:
    assert sparkline([1.0, 2.0, 8.0]) == "▁▂█"
    assert sparkline([3.0, 3.0]) == "▅▅"
    assert sparkline([0.0] * 50 + [1.0] * 50, 4) == "▁▁██"
