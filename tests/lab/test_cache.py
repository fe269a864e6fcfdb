import dataclasses

import pytest

from funnelsim.lab import cache as memory
from funnelsim.lab.cache import BYTES_PER_EVENT, LeadsCache, default_bytes, size_of
from funnelsim.lab.play import draw

from .small import small

SCENARIO = small()


def counting(drawn):
    return lambda r: (drawn.append(r), draw(SCENARIO, r))[1]


def sizes(replications):
    return [size_of(draw(SCENARIO, r)) for r in replications]


def test_a_replication_is_drawn_once_where_there_is_room():
    drawn = []
    cache = LeadsCache(counting(drawn), most_bytes=2**30)

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


@pytest.mark.parametrize(
    ("machine", "container", "expected"),
    [
        ((2**20, 4096), None, 2**30),  # 4 GiB
        ((2**20, 4096), "max\n", 2**30),
        ((2**20, 4096), "1073741824\n", 2**28),  # a container of 1 GiB on it
        ((2**20, 4096), "9223372036854771712\n", 2**30),  # "no limit" as the first version of cgroups says it
        (None, None, 2**31),
    ],
)
def test_a_quarter_of_the_memory_is_for_leads(monkeypatch, tmp_path, machine, container, expected):
    def sysconf(name):
        if machine is None:
            raise ValueError(name)
        return machine[("SC_PHYS_PAGES", "SC_PAGE_SIZE").index(name)]

    if container is not None:
        (tmp_path / "memory.max").write_text(container)
    monkeypatch.setattr(memory.os, "sysconf", sysconf)
    monkeypatch.setattr(memory, "CGROUP_LIMITS", (tmp_path / "absent", tmp_path / "memory.max"))

    assert default_bytes() == expected
