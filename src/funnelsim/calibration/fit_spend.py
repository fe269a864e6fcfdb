"""What a channel costs, and how many clicks make a lead."""

from __future__ import annotations

import numpy as np

from funnelsim.calibration.fit_offers import channels_of
from funnelsim.calibration.fit_parameter import Assumed, Block, Entry, block, nothing
from funnelsim.calibration.history import History

MONTH_DAYS = 30.4375
Rows = list[Entry]


def fit_spend(history: History) -> Block:
    """Return spend a month and click-to-lead of each channel.

    Spend: the mean over days, its error from whole weeks (days of one week are alike). Click-to-lead: leads over clicks
    on the days with a record, binomial; more leads than clicks says that clicks are not counted there.
    """
    table = history.spend
    if table is None or table.day.size == 0:
        return nothing(
            Assumed("market.channels.*.spend_per_month", "0", "no spend"),
            Assumed("market.channels.*.visit_to_lead", "1, visitors being leads", "no clicks"),
        )
    days = (history.last_day - history.first_day).days + 1
    inside = (table.day >= 0) & (table.day < days)
    first, last = int(table.day[inside].min(initial=0)), int(table.day[inside].max(initial=days - 1))
    span = last - first + 1
    of_day = np.searchsorted(history.clock().midnights, history.leads.created, side="right") - 1
    rows: Rows = []
    variances = []
    assumed = []
    for c, name in channels_of(history):
        mine = inside & (table.channel == c)
        daily = np.bincount(table.day[mine] - first, np.nan_to_num(table.spend[mine]), minlength=span)
        weeks = daily[: span // 7 * 7].reshape(-1, 7).sum(axis=1)
        monthly = float(daily.mean()) * MONTH_DAYS
        error = float(weeks.std(ddof=1)) / np.sqrt(weeks.size) / 7 * MONTH_DAYS if weeks.size > 1 else float("nan")
        path, unit = f"channels.{name}.spend_per_month", f"{history.currency}/month"
        rows.append((path, monthly, "identity", unit, "mean over days, error by weeks", span, ""))
        variances.append(error**2)
        clicks = float(np.nan_to_num(table.clicks[mine]).sum())
        leads = int(((history.leads.channel == c) & (of_day >= first) & (of_day <= last)).sum())
        if clicks > leads > 0:
            share = leads / clicks
            rows.append((f"channels.{name}.visit_to_lead", share, "logit", "share", "leads over clicks", leads, ""))
            variances.append(1.0 / leads + 1.0 / (clicks - leads))
        else:
            reason = f"{clicks:.0f} clicks for {leads} leads: not counted there"
            assumed.append(Assumed(f"channels.{name}.visit_to_lead", "1, visitors being leads", reason))
    return block(rows, np.diag(variances), assumed=assumed)
