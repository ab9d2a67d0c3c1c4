"""Numbers as they stand beside a picture, in a table, and in a sentence."""

from typing import Final

NOT_KNOWN: Final = "–"
_PLAIN: Final = (1e-4, 1e6)  # between these a number is written without a power of ten


def number_of(value: float | None) -> str:
    """Write a number to four digits, a large one with marks between its thousands."""
    if value is None:
        return NOT_KNOWN
    least, most = _PLAIN
    if value == 0 or not least <= abs(value) < most:
        text = f"{value:.4g}"
        return f"−{text[1:]}" if value < 0 else text
    if abs(value) < 1000:
        return f"{value:.4g}".replace("-", "−")
    return f"{value:,.1f}".removesuffix(".0").replace("-", "−")


def signed(value: float | None) -> str:
    """Write a difference: with its sign, also where that is a plus."""
    return f"+{number_of(value)}" if value is not None and value > 0 else number_of(value)


def percent_of(share: float | None) -> str:
    """Write a relative change, which is 0.05 for five percent more, with its sign."""
    if share is None:
        return NOT_KNOWN
    text = f"{share:+.1%}" if abs(share) < 10 else f"{share:+,.0%}"
    return text.replace("-", "−").replace("%", " %")


def probability_of(value: float | None) -> str:
    """Write a probability; one that is smaller than anybody computes is said to be so."""
    if value is None:
        return NOT_KNOWN
    return "<0.0001" if value < 0.0001 else f"{value:.2g}"
