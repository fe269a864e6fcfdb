"""The files of a run: tidy tables, figures, and on request one replication in full."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from funnelsim.lab.play import draw, play
from funnelsim.lab.replicate import as_frame, to_intervals
from funnelsim.lab.until import SettledSeries
from funnelsim.metrics.registry import MEASURES
from funnelsim.metrics.tables import Table
from funnelsim.report.exports import leads_frame, touches_frame
from funnelsim.report.figures_run import role_weeks, run_figures
from funnelsim.report.figures_sheet import Imprint, save_png
from funnelsim.report.figures_warmup import warmup_figure
from funnelsim.report.figures_week import DAYS
from funnelsim.report.portrait import Portrait
from funnelsim.report.results import Provenance, publish, replications_text, staged
from funnelsim.stats import interval

if TYPE_CHECKING:
    import pandas as pd

BY_OWN_DATE = {
    "mqls": "mqls_in_month",
    "sqls": "sqls_in_month",
    "deals": "deals_calendar",
    "revenue": "revenue_calendar",
}
"""What months.csv calls a count by its own date, whoever it happened to: the plain names are of the cohort."""


def write_run(
    folder: Path,
    portraits: Mapping[int, Portrait],
    provenance: Provenance,
    *,
    log_replication: int | None = None,
    checked: Sequence[SettledSeries] = (),
) -> None:
    """Write the result of a run into `folder` (see `results.check_folder`, to be called before the run).

    Files: `replications.csv` (replication, measure, value, unit), `measures.csv`, `segments.csv` (channels, offers,
    tiers), `months.csv`, `week.csv`, the figures as PNG, `scenario.toml`, `manifest.json`; and `leads.csv` and
    `touches.csv` of one replication where asked for.

    Args:
        folder: Made where absent.
        portraits: By replication, at least one.
        provenance: Where they come from.
        log_replication: The replication to write in full; it is played again. None = none.
        checked: Series of which it was checked where they settle, for `warmup.png`; none = no such figure.

    Raises:
        ResultError: where the folder cannot be written.
    """
    scenario = provenance.scenario
    frame = as_frame({r: portraits[r].measures for r in sorted(portraits)})
    many = "" if len(portraits) == 1 else ", mean ± 95 % interval"
    imprint = Imprint(
        scenario.name, scenario.run.seed, replications_text(provenance.replications) + many, provenance.version
    )
    with staged(folder) as partial:
        _csv(tidy(frame, currency=scenario.economics.currency), partial / "replications.csv")
        _csv(measures_frame(frame, currency=scenario.economics.currency), partial / "measures.csv")
        _csv(segments_frame(portraits), partial / "segments.csv")
        _csv(months_frame(portraits), partial / "months.csv")
        _csv(week_frame(portraits), partial / "week.csv")
        for name, figure in run_figures(portraits, frame, scenario, imprint=imprint).items():
            save_png(figure, partial / f"{name}.png", imprint)
        if checked:
            run = scenario.run
            figure = warmup_figure(
                checked, warmup_days=run.warmup_days, horizon_days=run.horizon_days, imprint=imprint
            )
            save_png(figure, partial / "warmup.png", imprint)
        if log_replication is not None:
            played = play(scenario, draw(scenario, log_replication), engine=provenance.engine)
            leads_frame(played).to_csv(partial / "leads.csv")
            _csv(touches_frame(played), partial / "touches.csv")
        publish(partial, folder, provenance)


def tidy(frame: pd.DataFrame, *, currency: str) -> pd.DataFrame:
    """Return a row for each replication and measure: replication, measure, value, unit."""
    long = frame.reset_index().melt(id_vars="replication", var_name="measure", value_name="value")
    long = long.sort_values("replication", kind="stable", ignore_index=True)
    long["unit"] = [_unit(name, currency) for name in long["measure"]]
    return long


def measures_frame(frame: pd.DataFrame, *, currency: str) -> pd.DataFrame:
    """Return a row for each measure: mean, half_width and n over replications, unit, direction, group, definition."""
    import pandas as pd

    rows = []
    for name, found in to_intervals(frame).items():
        measure = MEASURES[name]
        about = (_unit(name, currency), measure.direction, measure.group, measure.definition)
        rows.append((name, found.mean, found.half_width, found.n, *about))
    names = ["measure", "mean", "half_width", "n", "unit", "direction", "group", "definition"]
    return pd.DataFrame(rows, columns=names)


def segments_frame(portraits: Mapping[int, Portrait]) -> pd.DataFrame:
    """Return the funnel by channel, offer and tier: by, segment, measure, mean, half_width, n over replications."""
    import pandas as pd

    parts = []
    for by in next(iter(portraits.values())).segments:
        part = _spread([p.segments[by] for p in portraits.values()], key=by)
        part.insert(0, "by", by)
        parts.append(part.rename(columns={by: "segment"}))
    return pd.concat(parts, ignore_index=True)


def months_frame(portraits: Mapping[int, Portrait]) -> pd.DataFrame:
    """Return what happened in each month: month, whole, measure, mean, half_width, n over replications.

    Each is counted by its own date inside the measured window, whoever it happened to; over the months,
    `revenue_calendar`, `deals_calendar` and `leads` add up to the measures of the same names.
    """
    tables = [p.months for p in portraits.values()]
    whole = dict(zip(tables[0]["month"], (bool(w) for w in tables[0]["whole"]), strict=True))
    found = _spread([{k: v for k, v in t.items() if k != "whole"} for t in tables], key="month")
    found["measure"] = [BY_OWN_DATE.get(name, name) for name in found["measure"]]
    found.insert(1, "whole", [whole[month] for month in found["month"]])
    return found


def week_frame(portraits: Mapping[int, Portrait]) -> pd.DataFrame:
    """Return the week of each role by hour: role, weekday, hour, backlog, utilisation (empty where closed)."""
    import pandas as pd

    parts = [
        pd.DataFrame(
            {
                "role": week.role,
                "weekday": np.repeat(DAYS, 24),
                "hour": np.tile(np.arange(24), 7),
                "backlog": week.backlog,
                "utilisation": week.utilisation,
            }
        )
        for week in role_weeks(portraits)
    ]
    return pd.concat(parts, ignore_index=True)


def _spread(tables: Sequence[Table], *, key: str) -> pd.DataFrame:
    """Return key, measure, mean, half_width, n from tables of the same rows, one for each replication."""
    import pandas as pd

    rows = []
    for name in tables[0]:
        if name == key:
            continue
        values = np.array([table[name] for table in tables], dtype=np.float64)
        for j, segment in enumerate(tables[0][key]):
            found = interval(values[np.isfinite(values[:, j]), j])
            rows.append((segment, name, found.mean, found.half_width, found.n))
    return pd.DataFrame(rows, columns=[key, "measure", "mean", "half_width", "n"])


def _unit(measure: str, currency: str) -> str:
    return MEASURES[measure].unit.replace("money", currency)


def _csv(frame: pd.DataFrame, path: Path) -> None:
    frame.to_csv(path, index=False)
