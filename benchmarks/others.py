"""Workload W-base as users of other simulation libraries would write it: Ciw and salabim, where they are installed.

Both draw their own luck from the distributions of `configs/oracles/workload_w_base.toml`, so the counts agree with ours
as far as chance allows. Leads below the threshold (18 %) have no work; they are left out.
"""

from __future__ import annotations

import math
import random
from collections.abc import Callable
from importlib.util import find_spec

MINUTES = 175_200
PER_MINUTE = 332.055 / 1440
MQL_SHARE, HOT_SHARE = 0.82, 0.18  # of all leads: the mean of two uniforms on 0..100 is at least 30, at least 70
REPS, ATTEMPTS = 8, 6
GAPS = (240.0, 240.0, 480.0, 960.0, 1440.0)
PATIENCE, REACH_TAU = 2880.0, 1440.0
CALL_SIGMA, CLOSE_SIGMA = 0.5, 0.6
CALL_MU, CLOSE_MU = math.log(10) - CALL_SIGMA**2 / 2, math.log(2400) - CLOSE_SIGMA**2 / 2

Counts = dict[str, int]


def installed() -> dict[str, Callable[..., Counts]]:
    """Return the programs whose library is installed, by name."""
    programs = {"ciw": with_ciw, "salabim": with_salabim}
    return {name: run for name, run in programs.items() if find_spec(name) is not None}


def assert_work(theirs: Counts, ours: Counts) -> None:
    """Assert that the counts agree within five standard deviations of a Poisson count, or 3 %."""
    for name in ("attempts", "closes", "abandoned"):
        allowed = max(5 * math.sqrt(ours[name]), 0.03 * ours[name])
        assert abs(theirs[name] - ours[name]) <= allowed, (name, theirs, ours)


def with_salabim(*, seed: int) -> Counts:
    """Play W-base with salabim: a component for each lead."""
    import salabim as sim

    sim.yieldless(False)
    counts = dict.fromkeys(("attempts", "closes", "abandoned"), 0)
    env = sim.Environment(random_seed=seed, trace=False)
    reps = sim.Resource("reps", capacity=REPS, monitor=False)

    class Lead(sim.Component):
        def process(self):
            priority = 0 if random.random() < HOT_SHARE / MQL_SHARE else 1
            for k in range(ATTEMPTS):
                due = env.now()
                yield self.request((reps, 1, priority), fail_delay=PATIENCE)
                if self.failed():
                    counts["abandoned"] += 1
                    return
                wait = env.now() - due
                yield self.hold(random.lognormvariate(CALL_MU, CALL_SIGMA))
                self.release()
                counts["attempts"] += 1
                if random.random() < 0.2 * math.exp(-wait / REACH_TAU):
                    if random.random() < 0.5:
                        yield self.hold(random.lognormvariate(CLOSE_MU, CLOSE_SIGMA))
                        counts["closes"] += 1
                    return
                if k < ATTEMPTS - 1:
                    yield self.hold(GAPS[k])

    class Source(sim.Component):
        def process(self):
            while True:
                yield self.hold(random.expovariate(PER_MINUTE * MQL_SHARE))
                Lead()

    Source()
    env.run(till=MINUTES)
    return counts


def with_ciw(*, seed: int) -> Counts:
    """Play W-base with Ciw: calls at node 1, the gap before the next at node 2, the close at node 3."""
    import ciw

    class Gap(ciw.dists.Distribution):
        def sample(self, t=None, ind=None):
            return GAPS[ind.attempts - 1]

    class AfterCall(ciw.routing.NodeRouting):
        def next_node(self, ind):
            ind.attempts = getattr(ind, "attempts", 0) + 1
            wait = ind.service_start_date - ind.arrival_date
            if random.random() < 0.2 * math.exp(-wait / REACH_TAU):
                return self.simulation.nodes[3 if random.random() < 0.5 else -1]
            return self.simulation.nodes[2 if ind.attempts < ATTEMPTS else -1]

        def next_node_for_jockeying(self, ind):  # where those go who lose patience
            return self.simulation.nodes[-1]

    ciw.seed(seed)
    rates = {"hot": PER_MINUTE * HOT_SHARE, "warm": PER_MINUTE * (MQL_SHARE - HOT_SHARE)}
    calls, closes = ciw.dists.Lognormal(CALL_MU, CALL_SIGMA), ciw.dists.Lognormal(CLOSE_MU, CLOSE_SIGMA)

    def routes():
        return ciw.routing.NetworkRouting([AfterCall(), ciw.routing.Direct(to=1), ciw.routing.Leave()])

    network = ciw.create_network(
        arrival_distributions={name: [ciw.dists.Exponential(rate), None, None] for name, rate in rates.items()},
        service_distributions={name: [calls, Gap(), closes] for name in rates},
        number_of_servers=[REPS, float("inf"), float("inf")],
        priority_classes={"hot": 0, "warm": 1},
        reneging_time_distributions={name: [ciw.dists.Deterministic(PATIENCE), None, None] for name in rates},
        routing={name: routes() for name in rates},
    )
    simulation = ciw.Simulation(network)
    simulation.simulate_until_max_time(MINUTES)
    records = simulation.get_all_records()
    return {
        "attempts": sum(r.node == 1 and r.record_type == "service" for r in records),
        "closes": sum(r.node == 3 and r.record_type == "service" for r in records),
        "abandoned": sum(r.record_type == "renege" for r in records),
    }
