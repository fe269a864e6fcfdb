"""Numbers as people read them: digits that the interval supports, and units."""

from __future__ import annotations

import math

ABSENT = "–"
"""What stands for a number that is not defined."""

SIGNIFICANT = 3
"""Digits of a number of which no uncertainty is known."""

_DUST = 1e-12  # of the number itself: a half-width of rounding alone is none


def decimals_of(value: float, half_width: float = math.nan) -> int:
    """Return after how many decimals to round `value`; negative rounds to tens, hundreds and so on.

    With an interval, its half-width keeps two digits (one where it begins with 4 or more, since its own error is then
    larger than the second digit); without one, the number keeps `SIGNIFICANT` digits.

    >>> decimals_of(1604233.0, 34120.0)
    -3
    >>> decimals_of(0.2134)
    3
    """
    if math.isfinite(half_width) and half_width > _DUST * abs(value):
        exponent = math.floor(math.log10(half_width))
        return -exponent if half_width / 10**exponent >= 4 else 1 - exponent
    if value == 0 or not math.isfinite(value):
        return 0
    exponent = math.floor(math.log10(abs(value)))
    return max(SIGNIFICANT - 1 - exponent, 0)


def plain(value: float, decimals: int) -> str:
    """Return `value` rounded to `decimals` with thousands apart, or a dash where it is not defined.

    >>> plain(1604233.0, -3)
    '1,604,000'
    >>> plain(float("nan"), 2)
    '–'
    """
    if not math.isfinite(value):
        return ABSENT
    shown = round(value, decimals) + 0.0  # + 0.0 turns -0.0 into 0.0
    return f"{shown:,.{max(decimals, 0)}f}"


def scale_of(unit: str) -> tuple[float, str]:
    """Return by what to multiply a value of `unit` to show it, and in which unit it then is: shares become per cent.

    >>> scale_of("share")
    (100.0, '%')
    >>> scale_of("hours")
    (1.0, 'hours')
    """
    if unit in ("share", "probability"):
        return 100.0, "%"
    return 1.0, unit


def estimate(mean: float, half_width: float, unit: str) -> tuple[str, str, str]:
    """Return a mean, its half-width and their unit as shown, the digits chosen by the half-width.

    >>> estimate(0.21342, 0.0083, "share")
    ('21.3', '0.8', '%')
    >>> estimate(1604233.0, 34120.0, "EUR")
    ('1,604,000', '34,000', 'EUR')
    """
    factor, shown = scale_of(unit)
    mean, half_width = mean * factor, half_width * factor
    decimals = decimals_of(mean, half_width)
    if shown == "%" and not half_width > 0:
        decimals = min(decimals, 2)
    return plain(mean, decimals), plain(half_width, decimals), shown


def text(mean: float, half_width: float, unit: str) -> str:
    """Return 'mean ± half-width unit', or the mean alone where there is no interval.

    >>> text(0.21342, 0.0083, "share")
    '21.3 ± 0.8 %'
    >>> text(12.5, float("nan"), "days")
    '12.5 days'
    """
    shown_mean, shown_width, shown_unit = estimate(mean, half_width, unit)
    if shown_mean == ABSENT:
        return ABSENT
    value = f"{shown_mean} ± {shown_width}" if math.isfinite(half_width) else shown_mean
    return f"{value} {shown_unit}".strip()


def short(value: float, digits: int = 3) -> str:
    """Return a large number in thousands (k), millions (M) or billions (bn), for axes and titles.

    >>> short(1604233.0), short(133_000.0), short(840.0), short(5.83, digits=2)
    ('1.60 M', '133 k', '840', '5.8')
    """
    if not math.isfinite(value):
        return ABSENT
    for size, letter in ((1e9, " bn"), (1e6, " M"), (1e3, " k")):
        if abs(value) >= size * (1 - 0.5 * 10.0**-digits):
            return f"{_significant(value / size, digits)}{letter}"
    return _significant(value, digits)


def tick(value: float) -> str:
    """Return the value of a tick: as `short`, without zeros after the last digit that counts.

    >>> tick(1_800_000.0), tick(50_000.0), tick(0.0)
    ('1.8 M', '50 k', '0')
    """
    for size, letter in ((1e9, " bn"), (1e6, " M"), (1e3, " k")):
        if abs(value) >= size * (1 - 1e-9):
            return f"{value / size:.4g}{letter}"
    return f"{value:.4g}"


def _significant(value: float, digits: int) -> str:
    if value == 0:
        return "0"
    # Rounding first: 9.996 has one digit before the point, what is shown of it has two.
    rounded = float(f"{value:.{digits - 1}e}")
    decimals = max(digits - 1 - math.floor(math.log10(abs(rounded))), 0)
    return f"{rounded:,.{decimals}f}"


def span(hours: float) -> str:
    """Return a length of time in the unit that reads best.

    >>> span(0.2), span(7.25), span(60.0)
    ('12 min', '7.2 h', '2.5 d')
    """
    if not math.isfinite(hours):
        return ABSENT
    if abs(hours) < 1:
        return f"{hours * 60:.0f} min"
    if abs(hours) < 48:
        return f"{hours:.1f} h".replace(".0 h", " h")
    return f"{hours / 24:.1f} d".replace(".0 d", " d")
