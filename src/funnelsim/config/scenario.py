"""A scenario: the world (market, team, economics), the policy, how we look (run, search), and what is uncertain."""

from __future__ import annotations

from collections.abc import Iterator

from pydantic import Field

from funnelsim.config.cross import cross_faults
from funnelsim.config.market import Market
from funnelsim.config.paper import Broken, Paper, field
from funnelsim.config.policy import Policy
from funnelsim.config.run import Run
from funnelsim.config.search import Search
from funnelsim.config.space import space_faults
from funnelsim.config.state import uncertain_faults
from funnelsim.config.team import Economics, Team
from funnelsim.config.uncertain import Uncertain
from funnelsim.errors import Fault, InputError


class Scenario(Paper):
    """Everything that one simulation needs."""

    name: str = field("", "", "Name for tables and folders; the file's name where empty.")
    title: str = field("", "", "One line on what it describes.")
    oracle: bool = field(False, "", "A degenerate setting with a known answer: gaps under 15 minutes are allowed.")
    market: Market = Field(description="The prospects.")
    team: Team = Field(description="The reps.")
    economics: Economics = field(None, "", "The money.", factory=Economics)
    policy: Policy = field(None, "", "What is chosen.", factory=Policy)
    run: Run = field(None, "", "How we look.", factory=Run)
    search: Search = field(None, "", "What `tune` does.", factory=Search)
    uncertain: Uncertain = field(None, "", "What is not known of the world.", factory=Uncertain)

    def broken_rules(self) -> Iterator[Broken]:
        """Yield every rule between the tables of this scenario that it breaks."""
        yield from super().broken_rules()
        yield from cross_faults(self)
        yield from space_faults(self)
        yield from uncertain_faults(self)

    def with_policy(self, policy: Policy) -> Scenario:
        """Return this scenario under another policy, checked anew.

        Raises:
            InputError: with every rule between the tables that the policy breaks.
        """
        changed = self.model_copy(update={"policy": policy})
        broken = cross_faults(changed)
        if broken:
            raise InputError([Fault(self.name or "scenario", b.key, b.rule, None, b.suggestion) for b in broken])
        return changed
