"""Bring the database to the schema and the demo city that this code expects."""

from collections.abc import Callable

from deploy.local.plan import ROOT, Plan
from deploy.local.problem import Problem
from deploy.local.processes import Program, tail
from deploy.local.state import State, fingerprint


def prepare_database(plan: Plan, state: State, run: Callable[[Program], bool], *, embedded: bool) -> None:
    """
    Migrate and seed; our own database is left alone when nothing changed since the last time.

    Args: `run` runs a program to its end and tells whether it went well; another's database is always looked at.
    Raises: Problem when the schema could not be brought up; a city that could not be seeded is only told.
    """
    code = [ROOT / "shared", ROOT / "web", ROOT / "deploy" / "cities"]
    wanted = {
        "schema": fingerprint(ROOT / "shared" / "migrations", suffixes=(".py",)),
        "seed": f"{plan.city}:{plan.ports.simulator}:{fingerprint(*code, suffixes=('.py', '.toml', '.geojson'))}",
    }
    done = state.read("stamps.json") if embedded else {}
    if done.get("schema") != wanted["schema"]:
        if not run(plan.migrate()):
            raise Problem(f"the database was not migrated: {tail(plan.migrate().log, 1)}")
        done = {"schema": wanted["schema"]}
    if done.get("seed") != wanted["seed"] and run(plan.seed()):
        done["seed"] = wanted["seed"]
    if embedded:
        state.write("stamps.json", done)
