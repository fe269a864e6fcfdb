"""What surrounds the engine: drawing, scoring and summing up six_stage at 40,000 leads a year, beside the engine.

    python benchmarks/prepasses.py [--leads 40000] [--plain] [--engine auto] [--rounds 9] [--json FILE] [--check]

All of it with every mechanism of the model at work (`everything.py`). A replication is scored as in a search: what no
policy changes of its events was worked out by the policy before. Summaries: every measure, and the two objectives of
the file alone. The amount of work is asserted. With --check the target is asserted: scoring and the summary of the two
objectives take no longer than the engine.
"""

from __future__ import annotations

import argparse
import statistics

import everything
import measure

from funnelsim.calendar import Clock
from funnelsim.engines.choice import choose
from funnelsim.lab.cache import size_of
from funnelsim.lab.play import draw
from funnelsim.metrics import MEASURES, summarise
from funnelsim.roster import build_agreement, build_roster, build_rules
from funnelsim.scoring import score_leads
from funnelsim.tuning.goals import goals_of


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--leads", type=float, default=40_000, help="leads a year")
    parser.add_argument("--plain", action="store_true", help="six_stage as it is, only larger")
    parser.add_argument("--engine", default="auto")
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--json")
    parser.add_argument("--check", action="store_true")
    options = parser.parse_args()

    scenario = (everything.plain if options.plain else everything.everything)(options.leads)
    roster, end = build_roster(scenario), Clock.of(scenario.run).end
    agreement, rules = build_agreement(scenario, roster), build_rules(scenario)
    engine = choose(options.engine)
    engine.prepare()
    objectives = goals_of(scenario).measures
    leads = draw(scenario, 0)

    def score():
        return score_leads(leads, scenario.policy, scenario.market)

    def play():
        return engine.run(leads, scored, roster, agreement, rules, end)

    def summary(only=None):
        return summarise(leads, scored, outcomes, touches, roster, scenario, only=only)

    scored = score()
    outcomes, touches = play()
    days = scenario.run.days
    assert abs(leads.n - options.leads * days / everything.DAYS) < 6 * leads.n**0.5
    assert touches.n > 4 * leads.n
    assert len(summary()) == len(MEASURES)
    assert len(summary(objectives)) == len(objectives) == 2
    seconds = measure.interleaved(
        {
            "draw": lambda: draw(scenario, 1),
            "score": score,
            "engine": play,
            "summary_of_all": summary,
            "summary_of_objectives": lambda: summary(objectives),
        },
        rounds=options.rounds,
    )
    median = {name: statistics.median(values) for name, values in seconds.items()}

    def over_engine(summed_up):
        rounds = zip(seconds["score"], seconds[summed_up], seconds["engine"], strict=True)
        return statistics.median((s + summary) / engine for s, summary, engine in rounds)

    report = {
        "scenario": "plain" if options.plain else "everything",
        "leads": leads.n,
        "events": scored.time.size,
        "rows": touches.n,
        "bytes_per_lead": size_of(leads) / leads.n,
        "engine": engine.name,
        "median_s": median,
        "score_and_summary_of_all_over_engine": over_engine("summary_of_all"),
        "score_and_summary_of_objectives_over_engine": over_engine("summary_of_objectives"),
        "target": 1.0,
    }
    measure.write(report, options.json)
    if options.check:
        assert report["score_and_summary_of_objectives_over_engine"] <= 1.0


if __name__ == "__main__":
    main()
