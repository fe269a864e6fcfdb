import numpy as np
import pytest

from funnelsim.config.search import Constraint
from funnelsim.tuning.driver import Candidate, Tried
from funnelsim.tuning.goals import Goal, Goals
from funnelsim.tuning.selection import candidates, select

TWO = Goals((Goal("gain", "maximize"), Goal("pain", "minimize")))


class Policies:
    """Policies by their values: rows of (gain, pain) by replication."""

    def __init__(self, *values, goals=TWO, **columns):
        self.goals = goals
        self.values = [np.atleast_2d(np.asarray(v, dtype=float)) for v in values]
        self.columns = columns
        self.tried = [
            Tried(n, {}, Candidate(str(n), ""), goals.judge(self.rows_of(n))) for n in range(len(self.values))
        ]

    def rows_of(self, n):
        extra = {name: column[n] for name, column in self.columns.items()}
        return [{"gain": gain, "pain": pain, **extra} for gain, pain in self.values[n].tolist()]

    def rows(self, tried):
        return self.rows_of(tried.number)

    def chosen(self, *, changes=lambda t: t.number, **options):
        return [t.number for t in candidates(self.tried, self.rows, self.goals, changes=changes, **options)]

    def selected(self, *numbers):
        chosen = [self.tried[n] for n in numbers]
        return [(s.tried.number, s.kept, s.why) for s in select(self.tried[0], chosen, self.rows, self.goals)]


def test_the_front_is_chosen_and_what_is_clearly_behind_it_is_not():
    p = Policies([(1, 9)], [(5, 5)], [(6, 6)], [(4, 6)], [(5, 7)])

    assert p.chosen() == [1, 2]


def test_the_policy_in_force_is_never_a_candidate_but_counts():
    p = Policies([(9, 1)], [(5, 5)], [(10, 6)])

    assert p.chosen() == [2]  # 1 is dominated by the policy in force


def test_within_one_standard_error_of_the_front_is_near():
    """Against policy 1, the pair differs by -1 +- 1 (sd) over 4 replications: a standard error of .5, twice too far.

    With a spread of 3 the standard error is 1.5: near.
    """
    noise = np.array([-1.0, 1.0, -1.0, 1.0]) * np.sqrt(0.75)  # sd 1
    leader = np.column_stack([np.full(4, 10.0), np.full(4, 5.0)])
    far = leader - np.column_stack([1 + noise, -(1 + noise)])
    near = leader - np.column_stack([1 + 3 * noise, -(1 + 3 * noise)])

    p = Policies([(0, 99)] * 4, leader, far, near)

    assert p.chosen() == [1, 3]


def test_behind_in_one_objective_only_is_on_the_front():
    p = Policies([(0, 99)], [(10, 5)], [(2, 4.9)])

    assert p.chosen() == [1, 2]


def test_with_one_replication_nothing_off_the_front_is_near():
    p = Policies([(0, 99)], [(10, 5)], [(9.999, 5.001)])

    assert p.chosen() == [1]


def test_policies_that_agree_in_everything_are_one_with_the_fewest_changes():
    p = Policies([(1, 9)], [(5, 5)], [(5, 5)], [(5, 5)])

    assert p.chosen(changes=lambda t: {0: 0, 1: 4, 2: 2, 3: 2}[t.number]) == [2]


def test_a_policy_that_agrees_with_the_one_in_force_is_no_candidate():
    p = Policies([(5, 5)], [(5, 5)], [(6, 6)])

    assert p.chosen() == [2]


def test_too_many_are_thinned_where_they_are_densest_and_the_ends_stay():
    places = [0.0, 10.0, 10.1, 20.0, 30.0, 30.1, 40.0]
    p = Policies([(-1, 99)], *[[(x, x)] for x in places])

    assert p.chosen(most=5) == [1, 2, 4, 5, 7]


def test_near_ones_fill_what_the_front_leaves_the_nearest_first():
    noise = np.array([-1.0, 1.0, -1.0, 1.0])
    leader = np.column_stack([np.full(4, 10.0), np.full(4, 5.0)])
    near = [leader - np.column_stack([b + 10 * noise, -(b + 10 * noise)]) for b in (3.0, 1.0, 2.0)]

    p = Policies([(0, 99)] * 4, leader, *near)

    assert p.chosen(most=3) == [1, 3, 4]


def test_policies_that_keep_a_constraint_by_more_are_candidates_too():
    goals = Goals(TWO.objectives, (Constraint(measure="load", at_most=1.0),))
    load = {0: 0.5, 1: 0.99, 2: 0.7, 3: 0.8}
    p = Policies([(0, 99)], [(10, 5)], [(8, 6)], [(7, 7)], goals=goals, load=load)

    assert p.chosen() == [1, 2]  # 3 has less of everything than 2


def test_nothing_feasible_gives_no_candidates():
    goals = Goals(TWO.objectives, (Constraint(measure="load", at_most=0.1),))
    p = Policies([(0, 99)], [(10, 5)], goals=goals, load={0: 0.5, 1: 0.5})

    assert p.chosen() == []


def test_what_is_dominated_on_fresh_seeds_is_dropped_and_says_by_whom():
    p = Policies([(1, 9)], [(5, 5)], [(6, 6)], [(4, 6)])

    assert p.selected(1, 2, 3) == [
        (0, False, "dominated by policy 1 on fresh seeds"),
        (1, True, ""),
        (2, True, ""),
        (3, False, "dominated by policy 1 on fresh seeds"),
    ]


def test_the_policy_in_force_drops_others():
    p = Policies([(9, 1)], [(5, 5)])

    assert p.selected(1) == [(0, True, ""), (1, False, "dominated by the policy in force on fresh seeds")]


def test_a_policy_that_breaks_a_constraint_drops_nobody():
    goals = Goals(TWO.objectives, (Constraint(measure="load", at_most=1.0),))
    p = Policies([(9, 1)], [(5, 5)], [(7, 3)], goals=goals, load={0: 2.0, 1: 0.5, 2: 3.0})

    assert p.selected(1, 2) == [
        (0, False, "breaks load <= 1"),
        (1, True, ""),
        (2, False, "breaks load <= 1"),
    ]


def test_nobody_feasible():
    goals = Goals(TWO.objectives, (Constraint(measure="load", at_most=1.0),))
    p = Policies([(9, 1)], goals=goals, load={0: 2.0})

    assert p.selected() == [(0, False, "breaks load <= 1")]


@pytest.mark.parametrize("seed", range(5))
def test_one_objective_keeps_the_best_alone(seed):
    goals = Goals((Goal("gain", "maximize"),))
    gains = np.random.default_rng(seed).permutation(20).astype(float)
    p = Policies(*[[(g, 0.0)] for g in gains], goals=goals)
    best = int(np.argmax(gains))

    assert [n for n, kept, _ in p.selected(*range(1, 20)) if kept] == [best]
