"""The people: a market becomes leads, with all the luck that anything may need and none of the policy."""

from funnelsim.population.demand import draw_visitors
from funnelsim.population.draw import draw_leads
from funnelsim.population.given import GivenArrivals

__all__ = ["GivenArrivals", "draw_leads", "draw_visitors"]
