"""The prospects: their fit, their journey, how they engage, how they are reached, and what a deal with them is like."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Literal

from pydantic import Field

from funnelsim.config.durations import Duration
from funnelsim.config.kinds import CalendarDuration, Length, Mix, NonNegative, PositiveDuration, Share, length
from funnelsim.config.paper import Broken, Paper, binds, field


class Fit(Paper):
    """The lead's true fit as marketing's data show it, on the scale that scoring uses."""

    form: Literal["normal", "uniform"] = field("normal", "", "Shape; uniform runs from low to high.")
    mean: float = field(20.0, "points", "Mean.", source="assumed")
    sd: NonNegative = field(9.0, "points", "Standard deviation.", source="assumed")
    low: float = field(0.0, "points", "Smallest value.", source="assumed")
    high: float = field(40.0, "points", "Largest value.", source="assumed")
    noise_sd: NonNegative = field(0.0, "points", "Standard deviation of the error with which marketing observes it.")
    able_share: Share = field(
        0.48, "share", "Share of leads that can buy at all (budget, authority, need).", source="assumed"
    )
    able_per_sd: float = field(
        1.2, "log-odds/sd", "Log-odds of being able, per standard deviation of fit.", source="assumed"
    )

    @binds("low", "high")
    def _range(self) -> Iterator[Broken]:
        if self.low >= self.high:
            yield Broken("low", f"must be below high, got {self.low:g} and {self.high:g}")


class Journey(Paper):
    """The window in which a lead would buy, and the intent it declares."""

    window: Length = field(
        None,
        "duration",
        "How long it stays ready.",
        factory=lambda: length("lognormal", median="40d", sigma=0.6),
        source="assumed",
    )
    declared_intent_max: NonNegative = field(
        0.0, "points", "A lead declares an intent, uniform from 0 to this, in the form it fills in; 0 = none."
    )


class Engagement(Paper):
    """Visits, clicks and the like after the form, denser as the decision nears; the largest rate that applies holds."""

    idle_per_day: NonNegative = field(0.012, "events/day", "At any time.", source="assumed")
    shopper_share: Share = field(0.25, "share", "Share of leads who look around without need.", source="assumed")
    shopper_per_day: NonNegative = field(0.08, "events/day", "Their rate, from creation on.", source="assumed")
    shopper_days: NonNegative = field(30.0, "days", "How long they do.", source="assumed")
    before_ready_per_day: NonNegative = field(0.07, "events/day", "In the days before ready.", source="assumed")
    before_ready_days: NonNegative = field(30.0, "days", "How many days before.", source="assumed")
    ready_per_day: NonNegative = field(0.22, "events/day", "While ready.", source="assumed")
    mix_ready: Mix = field(
        None,
        "shares",
        "Activities while ready.",
        factory=lambda: {
            "visit": 0.35,
            "click": 0.15,
            "content": 0.10,
            "webinar": 0.08,
            "pricing": 0.25,
            "trial": 0.07,
        },
        source="assumed",
    )
    mix_otherwise: Mix = field(
        None,
        "shares",
        "Activities at other times.",
        factory=lambda: {
            "visit": 0.45,
            "click": 0.25,
            "content": 0.18,
            "webinar": 0.065,
            "pricing": 0.05,
            "trial": 0.005,
        },
        source="assumed",
    )


class NurtureResponse(Paper):
    """How leads answer nurture sends. Sends are numbered from creation at the finest pace; a policy uses every n-th."""

    finest_pace: PositiveDuration = field(
        Duration(7, "d"), "duration", "Time between sends at the finest pace.", source="assumed"
    )
    response_idle: Share = field(0.01, "share", "Response to one send, not near a decision.", source="assumed")
    response_before_ready: Share = field(0.03, "share", "In the days before ready.", source="assumed")
    response_ready: Share = field(0.06, "share", "While ready.", source="assumed")
    lag: Length = field(
        None,
        "duration",
        "Time from a send to its response.",
        factory=lambda: length("lognormal", median="5h", sigma=1.0),
        source="assumed",
    )
    activity: str = field("click", "", "The activity that a response counts as.")
    sensitive_share: Share = field(
        0.2, "share", "Share that unsubscribes where sends come too often.", source="assumed"
    )
    sensitive_every_max: int = field(
        4,
        "sends",
        "A sensitive lead's limit is uniform on 2..this; it unsubscribes where a policy's nurture_every is below it.",
        ge=2,
        source="assumed",
    )
    unsubscribe_send_mean: float = field(
        6.0, "sends", "Mean number (geometric) of the send at which it does.", ge=1.0, source="assumed"
    )


class Reach(Paper):
    """Whether a touch gets through, by its delay after interest."""

    form: Literal["logit", "exponential"] = field(
        "logit",
        "",
        "logit: eta + beta exp(-d/tau) - gamma ln(1 + d/24h), d from interest. "
        "exponential: p0 exp(-d/tau), d from the touch's own available_at.",
    )
    mu: float = field(-0.39, "log-odds", "Mean reachability.", source="fitted on a real CRM export, 7,210 called leads")
    sigma: NonNegative = field(
        1.62,
        "log-odds",
        "Spread of reachability between leads.",
        source="fitted on a real CRM export, 7,210 called leads",
    )
    beta: NonNegative = field(
        2.55, "log-odds", "Advantage of an immediate call.", source="fitted on a real CRM export, 7,210 called leads"
    )
    tau: PositiveDuration = field(
        Duration(0.24, "h"),
        "duration",
        "Time constant of that advantage (or of the exponential form).",
        source="fitted on a real CRM export, 7,210 called leads",
    )
    gamma: NonNegative = field(
        0.0, "log-odds", "Slow decay by ln(1 + d/24h).", source="fitted on a real CRM export, 7,210 called leads"
    )
    p0: Share = field(0.2, "probability", "Probability at no delay (exponential form).", source="workload W")
    unreachable_share: Share = field(
        0.0, "share", "Share that can never be reached (refit mu and sigma where it is used)."
    )
    email_p0: Share = field(
        0.06, "probability", "Probability that an e-mail at no delay is answered.", source="assumed"
    )
    email_tau: PositiveDuration = field(
        Duration(5, "d"),
        "duration",
        "Time constant with which that falls with the delay after interest.",
        source="assumed",
    )
    email_lag: Length = field(
        None,
        "duration",
        "Time from an e-mail to its reply.",
        factory=lambda: length("lognormal", median="4h", sigma=1.0),
        source="assumed",
    )


class Effort(Paper):
    """How long things take, including administration."""

    call: Length = field(
        None,
        "duration",
        "One call attempt.",
        factory=lambda: length("lognormal", mean="22min", sigma=0.4),
        source="assumed",
    )
    email: Length = field(
        None,
        "duration",
        "Writing one e-mail.",
        factory=lambda: length("lognormal", mean="8min", sigma=0.4),
        source="assumed",
    )
    talk: Length = field(
        None,
        "duration",
        "Added to the attempt where somebody answers.",
        factory=lambda: length("lognormal", mean="60min", sigma=0.4),
        source="assumed",
    )
    meeting: Length = field(
        None,
        "duration",
        "A meeting; its mean is the length agreed.",
        factory=lambda: length("lognormal", mean="60min", sigma=0.3),
        source="assumed",
    )
    deal_work: Length = field(
        None,
        "duration",
        "Work that each kept meeting of an opportunity leaves, beyond the meeting.",
        factory=lambda: length("lognormal", mean="5.5h", sigma=0.4),
        source="assumed",
    )
    no_show: CalendarDuration = field(
        Duration(15, "min"), "duration", "Lost waiting where nobody comes.", source="assumed"
    )
    preparation_needed: Length | None = field(
        None, "duration", "Preparation without which a talk goes badly; none where absent."
    )


class Temper(Paper):
    """What annoys, tires and misleads."""

    annoyed_share: Share = field(
        0.3, "probability", "A touch that comes too soon makes the lead opt out.", source="assumed"
    )
    tired_share: Share = field(
        0.12, "probability", "A talk with a lead that is not yet ready makes it opt out.", source="assumed"
    )
    callback_share: Share = field(
        0.4, "probability", "An unready lead names a date on which to call again.", source="assumed"
    )
    callback_error: Length = field(
        None,
        "duration",
        "How long after it becomes ready that date lies.",
        factory=lambda: length("exponential", mean="5d"),
        source="assumed",
    )
    callback_never: Length = field(
        None,
        "duration",
        "For those who never become ready: how long after creation.",
        factory=lambda: length("lognormal", median="60d", sigma=0.7),
        source="assumed",
    )
    callback_again: Length | None = field(
        None,
        "duration",
        "For those who never become ready: how long a date named at a touch lies after that of the touch before; "
        "each counts from creation alone where absent.",
    )
    misjudged_share: Share = field(
        0.06, "probability", "An unable or never-ready lead is passed on as an SQL by error.", source="assumed"
    )
    misjudged_later_share: Share = field(
        0.18, "probability", "The same for one that can buy and becomes ready some day.", source="assumed"
    )
    given_up_share: Share = field(
        0.0, "probability", "A lead whom an attempt does not reach is given up by sales, whatever attempts are left."
    )
    unprepared_factor: Share = field(
        0.6,
        "ratio",
        "An unprepared talk multiplies the longest delay at which the deal is still won.",
        source="assumed",
    )
    queue_patience: Length | None = field(
        None, "duration", "Longest single wait in a work list that a lead bears; none where absent."
    )


class Deal(Paper):
    """What becomes of an opportunity."""

    closes_by: Literal["meetings", "delay"] = field(
        "meetings", "", "meetings: a number of them. delay: by itself, after market.deal.close."
    )
    win_at_once: float = field(0.36, "probability", "Win probability at no delay.", ge=0.0, le=1.0, source="assumed")
    win_tau: PositiveDuration | None = field(
        Duration(30, "d"),
        "duration",
        'Time constant with which it falls with the delay of the first contact; no fall where "none".',
        source="assumed",
    )
    win_per_fit_point: float = field(0.0, "probability/point", "Added to win_at_once per point of true fit.")
    win_per_intent_point: float = field(0.0, "probability/point", "Added to win_at_once per point of declared intent.")
    value_mean: NonNegative = field(18_000.0, "money", "Mean deal value over all leads.", source="assumed")
    value_sigma: NonNegative = field(0.6, "log units", "Spread of the deal value.", source="assumed")
    value_per_sd: float = field(
        0.35, "log units/sd", "Rise of the deal value per standard deviation of fit.", source="assumed"
    )
    meetings: Annotated[list[Share], Field(min_length=1)] = field(
        None,
        "shares",
        "Share of opportunities with 0, 1, 2, ... meetings after the first.",
        factory=lambda: [0.0, 0.1, 0.25, 0.35, 0.3],
        source="assumed",
    )
    buyer_pace: Length = field(
        None,
        "duration",
        "Time the buyer wants between meetings.",
        factory=lambda: length("lognormal", median="7d", sigma=0.3),
        source="assumed",
    )
    close: Length = field(
        None,
        "duration",
        "Time until the decision where closes_by is 'delay'.",
        factory=lambda: length("lognormal", mean="40h", sigma=0.6),
    )
    patience: Length | None = field(
        None,
        "duration",
        'Seller-caused delay that an opportunity bears in all; without end where "none".',
        factory=lambda: length("lognormal", median="9d", sigma=0.6),
        source="assumed",
    )
    no_show_share: Share = field(
        0.15, "probability", "Share of meetings that nobody attends, booked for at once.", source="assumed"
    )
    show_tau: PositiveDuration | None = field(
        Duration(60, "d"),
        "duration",
        'Time constant with which attendance falls with the distance of the booking; no fall where "none".',
        source="assumed",
    )

    @binds("meetings")
    def _shares(self) -> Iterator[Broken]:
        if abs(sum(self.meetings) - 1.0) > 1e-6:
            yield Broken("meetings", f"shares must sum to 1, they sum to {sum(self.meetings):.6g}")
