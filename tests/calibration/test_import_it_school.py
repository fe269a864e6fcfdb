"""A real export, imported by the mapping that comes with funnelsim: every row of its description's table.

The export is not part of the repository; where it is absent these tests skip. The targets were counted by others from
the same files; each figure is recomputed here from the imported `History`.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path

import numpy as np
import pytest

from funnelsim.calibration import observed
from funnelsim.calibration.history import History
from funnelsim.calibration.importing import Imported, import_history
from funnelsim.records import NO

from .exports import balanced, counts

FOLDER = Path(__file__).resolve().parents[3] / "shared" / "data" / "it_school"

pytestmark = pytest.mark.skipif(not FOLDER.is_dir(), reason="the export ../shared/data/it_school is not here")


@cache
def imported() -> Imported:
    return import_history(
        FOLDER / "leads.csv.gz",
        touches=FOLDER / "calls.csv.gz",
        spend=FOLDER / "spend_daily.csv.gz",
        mapping="it_school",
    )


def history() -> History:
    return imported().history


def rounded(values: object, digits: int = 0) -> list[float]:
    return [round(float(v), digits) for v in np.atleast_1d(np.asarray(values, dtype=np.float64))]


def test_9_419_leads_of_10_417_and_518_wins_are_kept_and_the_books_balance():
    h = history()
    assert (h.read, h.unreadable) == (
        {"leads": 10_417, "touches": 51_556, "spend": 4_547}, {"leads": 0, "touches": 0, "spend": 0}
    )  # fmt: skip
    assert (h.leads.n, int(h.leads.won.sum())) == (9_419, 518)
    assert counts(h, effect="set aside") == {"test": 38, "duplicate": 960}
    assert balanced(h)
    assert len(imported().set_aside()) == 998 + sum(counts(h, "touches", "set aside").values())


def test_leads_a_day():
    assert rounded(observed.leads_per_day(history()), 1) == [44.2]


def test_leads_a_day_by_weekday():
    """The table divides by 213 days / 7; three weekdays occur 31 times and four 30 times."""
    h = history()
    per_week = observed.hour_of_week(h).reshape(7, 24).sum(axis=1) / (observed.days(h) / 7)
    assert rounded(per_week, 1) == [48.2, 48.4, 48.3, 45.1, 48.4, 36.3, 34.7]
    assert rounded(observed.leads_by_weekday(h), 1) == [47.4, 47.5, 47.4, 45.7, 49.1, 36.8, 35.2]


def test_the_share_that_arrives_between_9_and_19():
    assert rounded(100 * observed.share_by_hour(history())[9:19].sum()) == [56]


def test_won_by_source():
    found = {name: round(100 * won / n, 1) for name, (n, won) in observed.won_by_channel(history()).items() if n}
    assert found == {
        "webinar": 14.2, "organic": 9.6, "smm": 8.0, "google": 6.2, "facebook": 5.2, "bloggers": 5.1, "telegram": 4.4,
        "tiktok": 3.8, "crm": 3.3, "youtube": 2.7, "partnership": 1.6,
    }  # fmt: skip
    assert rounded(100 * observed.won_share(history()), 1) == [5.5]


def test_won_by_grade_and_the_share_of_each_grade():
    h = history()
    table = observed.won_by_attribute(h, "quality")
    assert [round(100 * won / n, 1) for n, won in table.values()] == [35.4, 19.3, 9.2, 0.6, 0.1]
    assert [round(100 * n / h.leads.n, 1) for n, _ in table.values()] == [3.3, 10.6, 22.8, 22.5, 33.2]
    assert h.known_late == ("product", "quality")


def test_first_response_by_the_crms_own_field():
    minutes = observed.first_response_minutes(history())
    assert rounded(observed.quantiles(minutes, observed.RESPONSE_QUANTILES)) == [10, 17, 59, 338, 961, 2296, 6993]
    assert observed.quantiles(minutes, [0.5])[0] == pytest.approx(339, abs=0.6)  # 338.49: rounded up in the table
    assert rounded(100 * observed.answered_within(minutes), 1)[:4] == [2.5, 8.4, 16.5, 25.2]
    assert rounded(100 * observed.answered_within(minutes))[4:6] == [45, 55]
    assert rounded(100 * observed.answered_within(minutes), 1)[6:] == [87.3, 91.6]


def test_reached_by_attempt_of_all_called_people():
    made = observed.attempts(history(), by="contact")
    assert made.called == 7_210
    assert rounded(observed.reached_by_attempt(made), 3) == [0.469, 0.612, 0.672, 0.702, 0.717, 0.724, 0.731]


def test_reached_at_attempt_1_by_delay():
    share, called = observed.reached_first_by_delay(observed.attempts(history(), by="contact"))
    assert rounded(share, 3) == [0.748, 0.534, 0.464, 0.463, 0.424, 0.439, 0.403]
    assert called.sum() == 7_210


def test_attempts_per_called_lead():
    assert rounded(observed.attempts_per_called(observed.attempts(history())), 2) == [4.99]


def test_days_from_creation_to_won():
    assert rounded(observed.quantiles(observed.days_to_won(history()), observed.DAYS_QUANTILES)) == [2, 7, 20, 49, 112]


def test_the_mean_offer_value_of_won_deals():
    assert rounded(observed.mean_won_value(history())) == [7807]


def test_clicks_click_to_lead_and_spend():
    clicks, spend = observed.clicks_and_spend(history())
    assert (clicks, round(spend)) == (278_881, 71_275)
    assert round(100 * history().leads.n / clicks, 1) == 3.4


def test_leads_without_a_first_response_are_those_that_the_description_counts():
    """2,099: 710 at the webinar stage, 681 invalid numbers, 718 whose person was called after all; 11 were won."""
    h = history()
    without = h.leads.first_response_ms == NO
    last_call = np.full(h.leads.contact.max() + 1, np.iinfo(np.int64).min)
    np.maximum.at(last_call, h.leads.contact[h.touches.lead], h.touches.at)
    assert without.sum() == 2_099
    assert (without & h.leads.not_called).sum() == 710
    assert (without & h.leads.unreachable).sum() == 681
    assert (without & h.leads.won).sum() == 11
    assert (without & (last_call[h.leads.contact] >= h.leads.created)).sum() == 718


def test_25_wins_have_no_call_of_a_minute():
    h = history()
    talked = np.isin(h.leads.contact, h.leads.contact[h.touches.lead[h.touches.connected]])
    assert (h.leads.won & ~talked).sum() == 25


def test_1_784_leads_share_789_contacts_as_far_as_they_name_one():
    """The description counts the 47 leads without a contact as one more person of their own."""
    _, sizes = np.unique(history().leads.contact, return_counts=True)
    assert sizes[sizes > 1].sum() + 47 == 1_784
    assert (sizes > 1).sum() + 1 == 789


def test_the_status_that_lies_is_counted():
    h = history()
    assert counts(h, "touches", "changed")["result_lies"] > 20_000
    assert np.median(h.touches.duration_ms[~h.touches.connected]) < 17_000
