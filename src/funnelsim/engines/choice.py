"""Which engine plays: the compiled one where it can, the reference engine for everything. Both give the same bits."""

from __future__ import annotations

import logging
from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any, Literal, get_args

from funnelsim.errors import FunnelsimError
from funnelsim.records import Leads, Outcomes, Rules, Scored, TouchLog
from funnelsim.roster import Agreement, Roster

if TYPE_CHECKING:
    from funnelsim.engines.case import Case
    from funnelsim.engines.rep import Rep
    from funnelsim.engines.shop import Shop

Wish = Literal["auto", "reference", "compiled"]
Name = Literal["reference", "compiled"]
WISHES: tuple[Wish, ...] = get_args(Wish)
INSTALL = "pip install 'funnelsim[fast]'"
_log = logging.getLogger("funnelsim")


class EngineError(FunnelsimError):
    """An engine was asked for that cannot play here."""

    exit_code = 2


@dataclass(frozen=True, slots=True, eq=False)
class Plugin:
    """A user's own parts of a replication; they are played by the reference engine only.

    Args:
        route: A routing rule in place of the policy's: called with the lead's case and the reps who have room for it
            (at least one), it returns one of these reps. It is asked wherever the policy's rule would be: for who
            works a lead and who meets it; not under the routing `pool`, where nobody owns leads. Of a case it may
            read `i` (the lead), `tier`, `score` (hundredths) and `attempt`; of a rep `index`, `open_leads`,
            `open_opportunities`, `list.count` (tasks that wait in its list), `open` (at work now) and `task` (what it
            is doing, or None). `Desk` and `Rep` say more.
        processes: SimPy processes: each is called with the shop before anything happens and returns a generator whose
            clock is `shop.env`, in milliseconds. At any instant they go first. A fault in one ends the replication;
            one that a process starts itself should be waited for, or its faults go unseen.

    A part that draws luck must draw it from a generator of its own, seeded by the replication.
    """

    route: Callable[[Case, Sequence[Rep]], Rep] | None = None
    processes: tuple[Callable[[Shop], Generator[Any, Any, Any]], ...] = ()


@dataclass(frozen=True, slots=True)
class Engine:
    """One engine, and in a few words why it was chosen."""

    name: Name
    why: str = ""

    def __str__(self) -> str:
        return f"engine: {self.name}" + (f" ({self.why})" if self.why else "")

    def run(
        self,
        leads: Leads,
        scored: Scored,
        roster: Roster,
        agreement: Agreement,
        rules: Rules,
        end: int,
        *,
        plugin: Plugin | None = None,
    ) -> tuple[Outcomes, TouchLog]:
        """Play one policy on `leads`; arguments and answer are those of `reference.run`."""
        self.prepare()
        parts = {} if plugin is None else {"route": plugin.route, "processes": plugin.processes}
        play = _module(self.name).run
        played: tuple[Outcomes, TouchLog] = play(leads, scored, roster, agreement, rules, end, **parts)
        return played

    def prepare(self) -> None:
        """Compile what has to be compiled, if that is not on disk yet, and say so beforehand.

        `run` does so itself. Call it where several processes are about to run the engine: else each of them would
        compile it.
        """
        if self.name == "compiled":
            _make_ready()


def available() -> bool:
    """Return whether the compiled engine can be used: whether numba is installed."""
    return find_spec("numba") is not None


def choose(wish: Wish = "auto", *, plugin: Plugin | None = None) -> Engine:
    """Return the engine that is wished for; for `auto` the compiled one where it can play, else the reference engine.

    Args:
        wish: One of `WISHES`.
        plugin: A user's own parts, which only the reference engine plays.

    Raises:
        EngineError: where the wish cannot be fulfilled; says what can be done.
    """
    if wish not in WISHES:
        raise EngineError(f"engine: must be one of {', '.join(WISHES)}, got {wish!r}")
    if wish == "reference":
        return Engine("reference")
    if wish == "compiled":
        if plugin is not None:
            raise EngineError("engine: a plug-in is played by the reference engine only; ask for 'reference' or 'auto'")
        if not available():
            raise EngineError(f"engine: 'compiled' needs numba, which is not installed: {INSTALL}")
        return Engine("compiled")
    if plugin is not None:
        engine = Engine("reference", "a plug-in takes part, which the compiled engine does not know")
        _tell(engine)
        return engine
    if not available():
        return Engine("reference", f"the same numbers come many times as fast with numba: {INSTALL}")
    return Engine("compiled", "the same numbers as the reference engine, many times as fast")


@cache
def _tell(engine: Engine) -> None:
    """Say once which engine was chosen, in the log of `funnelsim` (stderr, unless logging is set up)."""
    _log.warning("%s", engine)


@cache
def _make_ready() -> None:
    module = _module("compiled")
    if not module.is_ready():
        _log.warning("compiling the engine, once on this machine, about %.0f s", module.COMPILES_S)
        module.make_ready()


@cache
def _module(name: Name) -> Any:
    return import_module(f"funnelsim.engines.{name}")
