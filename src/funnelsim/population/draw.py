"""All the luck of one replication, and none of the policy."""

from __future__ import annotations

from dataclasses import fields

import numpy as np

from funnelsim.calendar import Clock
from funnelsim.config.market import Market
from funnelsim.config.run import Run
from funnelsim.config.team import Economics
from funnelsim.population.deals import draw_deals
from funnelsim.population.demand import draw_arrivals
from funnelsim.population.engagement import draw_events
from funnelsim.population.given import GivenArrivals
from funnelsim.population.grid import on_grid
from funnelsim.population.journey import draw_journey
from funnelsim.population.nurture import draw_answers
from funnelsim.population.people import draw_people
from funnelsim.population.touches import draw_touches
from funnelsim.records import Leads


def draw_leads(
    market: Market, economics: Economics, run: Run, replication: int, *, arrivals: GivenArrivals | None = None
) -> Leads:
    """Return every lead of one replication with all its luck, in order of (created, channel, number).

    The same market, economics, dates, seed and replication give the same bits on one type of processor, drawn alone or
    among others. All arrays are C-contiguous and read-only.

    Args:
        market: Who comes, and how they behave.
        economics: Only `lifetime_months` is read.
        run: Dates, seed, and how many touches and meetings luck is drawn for.
        replication: Number of the replication, >= 0.
        arrivals: Leads whose arrival is known, all before the end of the run (a history's own); their luck is drawn
            as that of any other. None: all come as the market says.

    Raises:
        InputError: where the names of two channels have the same hash.
    """
    end = Clock.of(run).end
    came = draw_arrivals(market, run, replication, arrivals)
    people = draw_people(came, market, economics)
    journey = draw_journey(came, market)
    events = draw_events(came, journey, market, end)
    answers = draw_answers(came, journey, market, end)
    touches = draw_touches(came, journey, market, able=people.able, max_touches=run.max_touches)
    deals = draw_deals(came, people, market, run.max_meetings)
    leads = Leads(
        replication=replication,
        created=came.created,
        channel=came.channel,
        number=came.number,
        offer=journey.offer,
        hand_raise=journey.hand_raise,
        firmographics=people.firmographics,
        fit=people.fit,
        observed_fit=people.observed_fit,
        intent=people.intent,
        account=people.account,
        duplicate_of=people.duplicate_of,
        able=people.able,
        value=people.value,
        months=people.months,
        ready_from=journey.ready_from,
        ready_until=journey.ready_until,
        anonymous_visits=journey.anonymous_visits,
        event_start=events.start,
        event_time=events.time,
        event_activity=events.activity,
        nurture_start=answers.start,
        nurture_send=answers.send,
        nurture_time=answers.time,
        unsubscribe_below=answers.unsubscribe_below,
        unsubscribe_send=answers.unsubscribe_send,
        books_itself=journey.books_itself,
        connect_until=touches.connect_until,
        reply_until=touches.reply_until,
        reply_lag=touches.reply_lag,
        call_ms=touches.call_ms,
        email_ms=touches.email_ms,
        talk_ms=touches.talk_ms,
        annoyed=touches.annoyed,
        tired=touches.tired,
        callback_at=touches.callback_at,
        misjudged=touches.misjudged,
        given_up=touches.given_up,
        show_until=deals.show_until,
        meeting_ms=deals.meeting_ms,
        deal_work_ms=deals.deal_work_ms,
        buyer_pace=deals.buyer_pace,
        meetings_needed=deals.meetings_needed,
        close_ms=deals.close_ms,
        win_until=deals.win_until,
        patience=deals.patience,
        queue_patience=deals.queue_patience,
        sync_latency=journey.sync_latency,
        too_soon=journey.too_soon,
        prep_needed=deals.prep_needed,
    )
    return _read_only(on_grid(leads, run.grid.ms()) if run.grid.ms() > 0 else leads)


def _read_only(leads: Leads) -> Leads:
    """Return `leads` with every array C-contiguous and closed to writing."""
    changes = {}
    for field in fields(Leads):
        value = getattr(leads, field.name)
        if isinstance(value, np.ndarray):
            value = np.ascontiguousarray(value)
            value.setflags(write=False)
        changes[field.name] = value
    return Leads(**changes)
