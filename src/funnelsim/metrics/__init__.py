"""The accounting: from outcomes and the touch log to every figure that is reported."""

from funnelsim.metrics.registry import MEASURES, Measure
from funnelsim.metrics.summary import summarise

__all__ = ["MEASURES", "Measure", "summarise"]
