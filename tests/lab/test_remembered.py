import gc
import weakref
from dataclasses import fields

from funnelsim.lab.play import draw
from funnelsim.records import Leads
from funnelsim.remembered import Remembered

from .small import small


def counted():
    """Return a remembered function, and the list of what it worked out."""
    made = []
    return Remembered(lambda leads, key: made.append((leads.replication, key)) or (leads.n, key)), made


def test_the_last_key_of_each_leads_is_not_worked_out_again():
    scenario = small()
    first, second = draw(scenario, 0), draw(scenario, 1)
    remembered, made = counted()

    answers = [remembered(leads, key) for key in (1, 1, 2, 2, 1) for leads in (first, second)]

    assert answers == [(leads.n, key) for key in (1, 1, 2, 2, 1) for leads in (first, second)]
    assert made == [(0, 1), (1, 1), (0, 2), (1, 2), (0, 1), (1, 1)]


def test_leads_of_the_same_values_are_others():
    leads = draw(small(), 0)
    copy = Leads(**{f.name: getattr(leads, f.name) for f in fields(leads)})
    remembered, made = counted()

    remembered(leads, 1), remembered(copy, 1)

    assert made == [(0, 1), (0, 1)]


def test_what_is_remembered_keeps_no_leads_alive():
    leads = draw(small(), 0)
    remembered, _ = counted()
    remembered(leads, 1)
    gone = weakref.ref(leads)

    del leads
    gc.collect()

    assert gone() is None
    assert len(remembered._kept) == 0
