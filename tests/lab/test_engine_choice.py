import pickle
import types

import pytest

import funnelsim
from funnelsim.engines import choice, reference
from funnelsim.engines.choice import Engine, EngineError, Plugin, choose
from funnelsim.lab.play import draw, play
from funnelsim.lab.replicate import replicate
from funnelsim.records import same

from .small import small

PLUGIN = Plugin(route=lambda case, reps: reps[0])


@pytest.fixture
def numba(monkeypatch):
    """Return a function that says whether numba is there."""
    return lambda there: monkeypatch.setattr(choice, "available", lambda: there)


class Compiled:
    """Stands for the compiled engine: plays as the reference engine does, and notes what was asked of it."""

    COMPILES_S = 42.0

    def __init__(self, *, ready):
        self.ready, self.asked = ready, []

    def run(self, *arguments, **parts):
        assert not parts  # it knows no plug-ins
        self.asked.append("run")
        return reference.run(*arguments)

    def is_ready(self):
        return self.ready

    def make_ready(self):
        self.asked.append("make_ready")
        self.ready = True


@pytest.fixture
def stand_in(monkeypatch, numba):
    """Put a stand-in in the place of the compiled engine."""

    def put(*, ready=True):
        engine = Compiled(ready=ready)
        choice._make_ready.cache_clear()
        monkeypatch.setattr(choice, "_module", lambda name: engine if name == "compiled" else reference)
        return engine

    numba(True)
    yield put
    choice._make_ready.cache_clear()


@pytest.mark.parametrize(
    ("wish", "plugin", "there", "chosen"),
    [
        ("auto", None, True, "compiled"),
        ("auto", None, False, "reference"),
        ("auto", PLUGIN, True, "reference"),
        ("auto", PLUGIN, False, "reference"),
        ("compiled", None, True, "compiled"),
        ("reference", None, True, "reference"),
        ("reference", PLUGIN, True, "reference"),
    ],
)
def test_auto_is_the_compiled_engine_where_it_can_play(numba, wish, plugin, there, chosen):
    numba(there)

    assert choose(wish, plugin=plugin).name == chosen


def test_the_choice_says_why(numba):
    numba(True)
    assert str(choose()).startswith("engine: compiled (")
    assert "plug-in" in str(choose(plugin=PLUGIN))
    numba(False)
    assert "pip install 'funnelsim[fast]'" in str(choose())
    assert str(choose("reference")) == "engine: reference"


@pytest.mark.parametrize(
    ("wish", "plugin", "there", "words"),
    [
        ("compiled", None, False, r"needs numba.*pip install 'funnelsim\[fast\]'"),
        ("compiled", PLUGIN, True, "plug-in is played by the reference engine only"),
        ("fastest", None, True, "must be one of auto, reference, compiled, got 'fastest'"),
    ],
)
def test_a_wish_that_cannot_be_fulfilled_is_explained(numba, wish, plugin, there, words):
    numba(there)

    with pytest.raises(EngineError, match=words) as caught:
        choose(wish, plugin=plugin)

    assert caught.value.exit_code == 2


def test_what_has_to_be_compiled_is_announced_and_compiled_once(stand_in, caplog):
    engine = stand_in(ready=False)

    for _ in range(2):
        choose().prepare()
    play(small(), draw(small(), 0))

    assert engine.asked == ["make_ready", "run"]
    assert [record.getMessage() for record in caplog.records] == [
        "compiling the engine, once on this machine, about 42 s"
    ]


def test_the_reference_engine_has_nothing_to_prepare(stand_in, caplog):
    engine = stand_in(ready=False)

    choose("reference").prepare()

    assert engine.asked == []
    assert not caplog.records


def test_an_engine_travels_between_processes():
    engine = Engine("compiled", "why")

    assert pickle.loads(pickle.dumps(engine)) == engine


def test_the_engine_that_was_chosen_plays_and_the_result_says_so(stand_in):
    engine = stand_in()
    scenario = small()
    leads = draw(scenario, 0)

    ours, theirs = (play(scenario, leads, engine=wish) for wish in ("auto", "reference"))

    assert engine.asked == ["run"]
    assert (ours.engine, theirs.engine) == ("compiled", "reference")
    assert same(ours.outcomes, theirs.outcomes)
    assert same(ours.touches, theirs.touches)


def test_the_public_names_take_an_engine(stand_in):
    engine = stand_in(ready=False)

    played = funnelsim.simulate(small(), engine="compiled")
    frame = replicate(small(), replications=[0], engine="compiled")

    assert engine.asked == ["make_ready", "run", "run"]
    assert frame.loc[0, "revenue"] == played.summary()["revenue"]


def test_numba_is_looked_for_without_importing_it(monkeypatch):
    asked = []
    monkeypatch.setattr(choice, "find_spec", lambda name: asked.append(name))

    assert not choice.available()
    assert asked == ["numba"]
    monkeypatch.setattr(choice, "find_spec", lambda name: types.SimpleNamespace())
    assert choice.available()
