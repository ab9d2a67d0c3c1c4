"""What is said of a metric as a whole, and of a shift of its level, in words: for reports and the terminal alike."""

from collections.abc import Iterator, Mapping
from typing import Any, Final

from lineage.drawing.numbers import number_of, percent_of, probability_of, signed

Answer = Mapping[str, Any]

_BETTER: Final = {"HIGHER": "higher", "LOWER": "lower", "TARGET": "nearer to its target"}


def facts_of(trend: Answer) -> Iterator[tuple[str, str]]:
    """Say what is known of a series, a name and some words each; nothing of what is not known."""
    summary = trend["summary"]
    yield "better is", _direction(trend)
    if summary["latest"] is not None:
        yield "latest", f"{number_of(summary['latest'])}{_since_before(summary)}"
    if summary["best"] is not None:
        yield "best", number_of(summary["best"])
    yield "values", ", ".join(_counted(summary))
    if summary["median"] is not None:
        spread = {"mad": "median deviation", "iqr": "middle half as wide as"}
        known = [f"{words} {number_of(summary[name])}" for name, words in spread.items() if summary[name] is not None]
        yield "usually", ", ".join([number_of(summary["median"]), *known])
    if summary["zScore"] is not None:
        yield "latest lies", f"{signed(summary['zScore'])} robust standard deviations from what is usual"
    if summary["slopePerDay"] is not None:
        yield "drift a day", _slope(summary)
    if summary["autocorrelation"] is not None:
        yield "dependence", f"{number_of(summary['autocorrelation'])} from one value to the next"
    if (noise := trend["noise"]) is not None:
        yield "noise", _noise(noise)
    if (alarm := trend["alarm"]) is not None:
        yield "early warning", _alarm(alarm)
    if summary["falseDiscovery"] is not None:
        yield "false discovery", f"{probability_of(summary['falseDiscovery'])}, among the metrics that are reported"


def change_of(trend: Answer) -> str:
    """Say by how much the level changed with the last shift; else the latest value from the one before."""
    if trend["shifts"]:
        last = trend["shifts"][-1]
        before, after, relative = last["medianBefore"], last["medianAfter"], last["relativeChange"]
        return percent_of(relative) if relative is not None else signed(after - before)
    summary = trend["summary"]
    relative = summary["relativeDifference"]
    return percent_of(relative) if relative is not None else signed(summary["difference"])


def strength_of(shift: Answer) -> str:
    """Say how large a shift is beside what is usual, and how likely chance would do as much; what is known of that."""
    effect = "" if shift["effect"] is None else f", {number_of(shift['effect'])} standard deviations"
    return effect if shift["pValue"] is None else f"{effect}, p {probability_of(shift['pValue'])}"


def score_of(score: float) -> str:
    """Write how much better something explains a shift than its rivals, of 100 %."""
    return f"{score:.0%}".replace("%", " %")


def regression_of(trend: Answer) -> str:
    """Say in a sentence what became worse in a series whose verdict is that it did."""
    for shift in reversed(trend["shifts"]):
        if shift["verdict"] == "REGRESSION":
            levels = f"from {number_of(shift['medianBefore'])} to {number_of(shift['medianAfter'])}"
            relative = shift["relativeChange"]
            share = f" ({percent_of(relative)})" if relative is not None else ""
            return f"went {levels}{share} with {shift['after']['displayName']}"
    summary = trend["summary"]
    z_score = summary["zScore"]
    far = f", {signed(z_score)} robust standard deviations away" if z_score is not None else ""
    return f"is {number_of(summary['latest'])}, usually {number_of(summary['median'])}{far}"


def _noise(noise: Answer) -> str:
    alike = f"{noise['count']:,} runs that ran the same lie {number_of(noise['deviation'])} apart (standard deviation)"
    return f"{alike}: of five runs each, a change of {number_of(noise['detectable'])} would show"


def _alarm(alarm: Answer) -> str:
    way = "higher" if alarm["rises"] else "lower"
    often = f"by chance alone, once in some {alarm['runsBetweenFalse']:,} runs"
    return f"since {alarm['since']['displayName']} values run {way} than before, which nothing confirms yet ({often})"


def _direction(trend: Answer) -> str:
    better = _BETTER.get(trend["direction"], "not known")
    least = trend["leastEffect"]
    return better if least is None else f"{better}, by {number_of(least)} or more"


def _since_before(summary: Answer) -> str:
    if summary["difference"] is None:
        return ""
    relative = summary["relativeDifference"]
    share = f", {percent_of(relative)}" if relative is not None else ""
    return f", {signed(summary['difference'])} since the one before{share}"


def _counted(summary: Answer) -> Iterator[str]:
    yield f"{summary['count']:,}"
    if summary["min"] is not None:
        yield f"from {number_of(summary['min'])} to {number_of(summary['max'])}"
    if summary["missing"]:
        yield f"{summary['missing']:,} missing"
    if summary["slotsMissed"]:
        yield f"{summary['slotsMissed']:,} {'slot' if summary['slotsMissed'] == 1 else 'slots'} missed"


def _slope(summary: Answer) -> str:
    said = signed(summary["slopePerDay"])
    if summary["slopeLow"] is not None and summary["slopeHigh"] is not None:
        said += f" ({signed(summary['slopeLow'])} to {signed(summary['slopeHigh'])})"
    if summary["trendPValue"] is not None:
        said += f", p {probability_of(summary['trendPValue'])}"
    return said
