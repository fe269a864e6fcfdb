import dataclasses

from funnelsim.lab.cache import BYTES_PER_EVENT, LeadsCache, size_of
from funnelsim.lab.play import draw

from .small import small

SCENARIO = small()


def counting(drawn):
    return lambda r: (drawn.append(r), draw(SCENARIO, r))[1]


def sizes(replications):
    return [size_of(draw(SCENARIO, r)) for r in replications]


def test_a_replication_is_drawn_once_where_there_is_room():
    drawn = []
    cache = LeadsCache(counting(drawn))

    found = [cache(r) for r in (0, 1, 0, 1, 1)]

    assert drawn == [0, 1]
    assert found[0] is found[2]
    assert [leads.replication for leads in found] == [0, 1, 0, 1, 1]


def test_what_fits_stays_and_what_does_not_is_drawn_again():
    """Room for 0 and 1: going round four replications draws 2 and 3 each time, and 0 and 1 once."""
    drawn = []
    cache = LeadsCache(counting(drawn), most_bytes=sum(sizes((0, 1))) + 1)

    for r in (0, 1, 2, 3) * 3:
        cache(r)

    assert drawn == [0, 1, 2, 3, 2, 3, 2, 3]


def test_one_replication_is_kept_however_large():
    """For as long as it is used, so that a batch of policies is played on one drawing."""
    drawn = []
    cache = LeadsCache(counting(drawn), most_bytes=0)

    for r in (0, 0, 1, 1, 0):
        cache(r)

    assert drawn == [0, 1, 0]


def test_what_is_kept_stays_within_the_bound():
    drawn = []
    bound = int(2.5 * max(sizes(range(5))))
    cache = LeadsCache(counting(drawn), most_bytes=bound)

    for r in range(5):
        cache(r)
        assert sum(size_of(leads) for leads in cache._kept.values()) <= bound

    assert len(cache._kept) == 2


def test_the_size_of_leads_is_that_of_their_arrays_and_of_what_is_remembered():
    leads = draw(SCENARIO, 0)

    arrays = sum(v.nbytes for v in (getattr(leads, f.name) for f in dataclasses.fields(leads)) if hasattr(v, "nbytes"))
    assert size_of(leads) == arrays + BYTES_PER_EVENT * leads.event_time.size > arrays > 0
