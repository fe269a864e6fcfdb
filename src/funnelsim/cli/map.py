"""`funnelsim map`: propose a mapping from a CRM's files, ask what they do not say, and try it."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from funnelsim.cli import options, screen

if TYPE_CHECKING:
    from funnelsim.calibration.drafting import Question
    from funnelsim.calibration.importing import Imported
    from funnelsim.calibration.propose import Proposal


@click.command(name="map")
@click.argument("files", type=click.Path(path_type=Path), nargs=-1, required=True, metavar="FILE...")
@click.option(
    "--out", type=click.Path(path_type=Path), metavar="FILE", help="Write the mapping to FILE in place of stdout."
)
@click.option("--force", is_flag=True, help="Write over a file that is there already.")
@options.json_option
def map_files(files: tuple[Path, ...], out: Path | None, force: bool, as_json: bool) -> None:
    """Propose a mapping that reads FILE: a CRM's leads, and perhaps its calls and its spend, in any order.

    Columns are known by their names and values. On a terminal what they leave open is asked; elsewhere it is listed.
    The proposal is tried on the files, and what that cleans away is counted.
    """
    from funnelsim.calibration.propose import propose_mapping

    proposal = propose_mapping(files)
    if sys.stdin.isatty() and sys.stderr.isatty() and not as_json:
        _ask(proposal)
    tried, failure = _tried(proposal)
    if as_json:
        screen.show(json.dumps(_as_json(proposal, tried, failure), indent=2, allow_nan=False))
    elif out is None:
        screen.show(proposal.toml())
    if out is not None:
        _write(out, proposal.toml(), force=force)
    if not as_json:
        _tell(proposal, tried, failure)
    if out is not None:
        screen.say(f"wrote {out}")


def _ask(proposal: Proposal) -> None:
    """Ask every question of a proposal; an empty answer keeps what is proposed, "-" leaves it out."""
    from funnelsim.errors import InputError

    screen.say("Press Enter to keep what stands in brackets, or type - to leave it out.")
    for question in list(proposal.questions):
        while True:
            default, shown = question.proposal, bool(question.proposal)
            said = click.prompt(_told(question), default=default, err=True, show_default=shown)
            if question.choices and said not in ("", "-", *question.choices):
                screen.say(f"it is none of: {', '.join(question.choices)}")
                continue
            try:
                proposal.answer(question, "" if said == "-" else said.strip())
            except InputError as error:
                screen.say(str(error))
                continue
            break
        proposal.questions.remove(question)


def _told(question: Question) -> str:
    choices = f" (one of: {', '.join(question.choices)})" if 0 < len(question.choices) <= 12 else ""
    return f"{question.text}{choices}"


def _tried(proposal: Proposal) -> tuple[Imported | None, str]:
    """Return what the proposed mapping makes of the files, or why it cannot read them."""
    from funnelsim.calibration.importing import import_history
    from funnelsim.errors import InputError

    try:
        return import_history(
            proposal.files["leads"],
            touches=proposal.files.get("touches"),
            spend=proposal.files.get("spend"),
            mapping=proposal.mapping(),
        ), ""
    except InputError as error:
        return None, str(error)


def _tell(proposal: Proposal, tried: Imported | None, failure: str) -> None:
    """Tell on stderr which column plays which part, what is open, and what trying it gave."""
    rows = []
    for table, parts in proposal.parts.items():
        found = [part for key, part in parts.items() if _in_use(proposal, table, key, part.column)]
        rows += [[f"{table}.{part.key}", part.column[:30], _sure(part.confidence)] for part in found]
    screen.say(screen.table(["part", "column", "how sure"], rows, left=3))
    for question in proposal.questions:
        screen.say(f"open: {question.text}")
    if proposal.shipped is not None:
        screen.say(f"the mapping '{proposal.shipped}' that comes with funnelsim reads these columns too")
    if tried is None:
        screen.warn(f"the mapping does not read the files yet: {failure}")
        return
    history = tried.history
    for table, read in history.read.items():
        mine = [item for item in history.cleaning if item.table == table and item.rows]
        away = [f"{item.rows} {item.rule}" for item in mine if item.effect in ("set aside", "merged")]
        lost = history.unreadable[table]
        said = ", ".join([*away, *([f"{lost} unreadable"] if lost else [])]) or "none set aside"
        screen.say(f"{table}: {read} rows read; {said}")
    for note in history.notes:
        screen.say(f"note: {note}")


def _in_use(proposal: Proposal, table: str, key: str, column: str) -> bool:
    spec: dict[str, Any] = proposal.tables[table]
    return spec.get(key) == column or any(isinstance(rule, dict) and column in rule for rule in spec.values())


def _sure(confidence: float) -> str:
    return "sure" if confidence >= 0.9 else "likely" if confidence >= 0.7 else "a guess"


def _as_json(proposal: Proposal, tried: Imported | None, failure: str) -> dict[str, Any]:
    return {
        "files": {table: str(path) for table, path in proposal.files.items()},
        "parts": [
            {"table": table, "key": part.key, "column": part.column, "confidence": part.confidence, "why": part.reason}
            for table, parts in proposal.parts.items()
            for part in parts.values()
        ],
        "open": [
            {"about": q.about, "question": q.text, "proposal": q.proposal, "choices": list(q.choices)}
            for q in proposal.questions
        ],
        "unused": proposal.unused,
        "shipped": proposal.shipped,
        "mapping": json.loads(proposal.mapping().model_dump_json(exclude_unset=True)),
        "rows_read": None if tried is None else tried.history.read,
        "cleaning": None
        if tried is None
        else [
            {"table": item.table, "rule": item.rule, "effect": item.effect, "rows": item.rows}
            for item in tried.history.cleaning
            if item.rows
        ],
        "failure": failure or None,
    }


def _write(path: Path, text: str, *, force: bool) -> None:
    """Write the mapping, whole or not at all."""
    from funnelsim.config.template import write_new

    write_new(path, text, force=force)
