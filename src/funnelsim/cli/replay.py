"""`funnelsim replay`: a history's own leads and team under another policy."""

from __future__ import annotations

import datetime as dt
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from funnelsim.cli import histories, options, screen

if TYPE_CHECKING:
    from funnelsim.calibration.replay import Change, Replay
    from funnelsim.config.scenario import Scenario
    from funnelsim.report.studies import Study


@click.command()
@click.argument("scenario", type=click.Path(path_type=Path))
@histories.leads_option
@histories.history_options
@histories.period_options
@click.option("--set", "assignments", multiple=True, metavar="PATH=VALUE",
              help="A policy value, such as policy.scoring.cutoff=60 or policy.headcount.sales=9; can be repeated.")
@click.option("--policy", "other", type=click.Path(path_type=Path), metavar="F",
              help="Take the whole [policy] of this file; --set goes on top.")
@click.option("--posterior", type=click.Path(path_type=Path), metavar="F", help="Draws of the parameters.")
@click.option("--team", type=click.Choice(["history", "scenario"]), default="history", show_default=True,
              help="Who is at work: the history's headcount, week by week, or the scenario's reps.")
@click.option("--replications", type=click.IntRange(min=2), metavar="N", help="How many; 39 unless given.")
@options.seed_option
@options.jobs_option
@options.out_option
@histories.force_option
@click.option("--all", "everything", is_flag=True, help="Print every measure, not the headlines only.")
@options.json_option
def replay(
    scenario: Path,
    leads: Path,
    touches: Path | None,
    spend: Path | None,
    mapping: str,
    first: dt.date | None,
    last: dt.date | None,
    assignments: tuple[str, ...],
    other: Path | None,
    posterior: Path | None,
    team: str,
    replications: int | None,
    seed: int | None,
    jobs: int,
    out: Path | None,
    force: bool,
    everything: bool,
    as_json: bool,
) -> None:
    """Play the leads of an export again under another policy: what would have changed.

    Both policies meet the same leads, the same team and the same luck, so a difference is the policy's alone; with no
    change it is zero. Who came is the history's, what becomes of them is the model's: the caveats are printed with it.
    """
    from funnelsim import load
    from funnelsim.calibration.backtest import ENOUGH
    from funnelsim.calibration.replay import replay as carry_out
    from funnelsim.cli.run import with_run
    from funnelsim.config.draws import read_draws
    from funnelsim.report.comparisons import replay_object, replay_text
    from funnelsim.report.studies import Study, check_study_folder

    started = dt.datetime.now(dt.UTC)
    base = with_run(load(scenario), seed=seed)
    change = change_of(base, assignments, other)
    changed = changed_values(base, change)
    draws = () if posterior is None else read_draws(posterior)
    inputs = {"scenario": scenario, **histories.inputs_of(leads, touches=touches, spend=spend, mapping=mapping)}
    inputs |= {role: path for role, path in (("posterior", posterior), ("policy", other)) if path is not None}
    settings = {"from": first, "to": last, "team": team, "set": sorted(assignments)}
    study = Study("replay", inputs, {name: str(value) for name, value in settings.items() if value is not None})
    if out is not None:
        check_study_folder(out, study, force=force)
    if not changed:
        screen.warn("nothing is changed: every difference will be zero (give --set or --policy)")
    history = histories.read_history(leads, touches=touches, spend=spend, mapping=mapping).history
    with screen.progress("replications") as progress:
        found = carry_out(
            base,
            history,
            change,
            first=first or history.first_day,
            last=last or history.last_day,
            replications=replications or ENOUGH,
            draws=draws,
            own_team=team == "history",
            jobs=jobs,
            progress=progress,
        )
    if as_json:
        screen.show(json.dumps(replay_object(found, name=base.name, change=changed), allow_nan=False))
    else:
        told = "; ".join(f"{path} {before} → {after}" for path, (before, after) in changed.items()) or "nothing"
        currency = base.economics.currency
        screen.show(
            replay_text(found, name=base.name, change=told, currency=currency, everything=everything).rstrip("\n")
        )
    if out is not None:
        shown: dict[str, Any] = {"touches": touches, "spend": spend, "mapping": mapping, "from": first, "to": last}
        shown |= {"policy": other, "posterior": posterior, "team": team}
        shown |= {"replications": replications, "seed": seed, "out": out}
        line = histories.again("replay", [scenario], {"leads": leads, **shown})
        line += "".join(f" --set {assignment}" for assignment in assignments)
        _write(out, found, base, study, started=started, again=line)


def change_of(scenario: Scenario, assignments: tuple[str, ...], other: Path | None) -> Change:
    """Return the change that the command line asks for, checked against the scenario.

    Raises:
        InputError: with every fault of the assignments, or of the file.
    """
    from funnelsim.calibration.replay import Change
    from funnelsim.config.load import scenario_from
    from funnelsim.config.toml import read_toml
    from funnelsim.errors import Fault, InputError

    policy = None
    if other is not None:
        tables = read_toml(other)
        if "policy" not in tables:
            raise InputError([Fault(str(other), "policy", "the file has no table of this name")])
        world = json.loads(scenario.model_dump_json(exclude_unset=True, exclude={"policy", "search"}))
        policy = scenario_from({**world, "policy": tables["policy"]}, where=str(other)).policy
    values, faults = [], []
    for text in assignments:
        path, sign, value = text.partition("=")
        if not sign or not path.strip() or not value.strip():
            faults.append(Fault("--set", text, "must be PATH=VALUE, such as policy.scoring.cutoff=60"))
            continue
        values.append((path.strip().removeprefix("policy."), parsed(value.strip())))
    if faults:
        raise InputError(faults)
    change = Change(policy, tuple(values))
    change.applied(scenario)
    return change


def parsed(text: str) -> Any:
    """Return a value as TOML would read it: a number, true or false, a list; text where it is none of these.

    >>> parsed("60"), parsed("true"), parsed("4 business hours"), parsed("[\\"call\\"]")
    (60, True, '4 business hours', ['call'])
    """
    import tomllib

    try:
        return tomllib.loads(f"value = {text}")["value"]
    except tomllib.TOMLDecodeError:
        return text


def changed_values(scenario: Scenario, change: Change) -> dict[str, tuple[str, str]]:
    """Return before and after, as a file writes them, of every policy field that the change alters, by path."""
    from funnelsim.config.paths import as_text, static_paths, value_in_force

    after = change.applied(scenario)
    paths = dict.fromkeys([*static_paths(), *(path for path, _ in change.values)])
    found: dict[str, tuple[str, str]] = {}
    for path in paths:
        old, new = value_in_force(scenario, path), value_in_force(after, path)
        table, _, field = path.rpartition(".")
        common = f"policy.sla.{field}" if table in ("sla.A", "sla.B", "sla.C") else ""
        if old != new and found.get(common) != (as_text(old), as_text(new)):
            found[f"policy.{path}"] = (as_text(old), as_text(new))
    return found


def _write(out: Path, found: Replay, scenario: Scenario, study: Study, *, started: dt.datetime, again: str) -> None:
    from funnelsim import __version__
    from funnelsim.report.calibration_files import replay_files
    from funnelsim.report.studies import Made, write_study

    figures = {"seed": scenario.run.seed, "replications": list(range(found.replications))}
    made = Made(__version__, started, dt.datetime.now(dt.UTC), again, figures)
    write_study(out, replay_files(found), study, made)
    screen.say(f"written to {out}")
