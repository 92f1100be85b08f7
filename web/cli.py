"""`flask --app web.wsgi ...`: what is done by hand, or once."""

import json
import sys

import click
from flask import Flask, current_app
from flask.cli import with_appcontext

from shared import retention as rules
from shared.accounts import service
from shared.accounts.rules import Role
from shared.audit import Actor, audit
from shared.cities.pack import load_pack
from shared.cities.service import store_pack
from shared.clock import utcnow
from shared.db import Transaction, transaction
from shared.errors import CityPulseError
from shared.jobs.enqueue import enqueue
from shared.messages import ForgetOld
from shared.settings import get_settings
from web.seed import seed_feeds

DEMO_DOMAIN = "example.org"


def _names(role: str) -> list[str]:
    return [f"CITYPULSE_DEMO_PASSWORD_{role}", f"CITYPULSE_DEMO_{role}_PASSWORD"]


def register(app: Flask) -> None:
    """Add the commands."""
    for command in (create_admin, seed, openapi, retention):
        app.cli.add_command(command)


@click.command("create-admin")
@click.option("--email", required=True)
@click.option("--name", default="")
@click.password_option(help="Asked for when it is not given.")
def create_admin(email: str, name: str, password: str) -> None:
    """Make an admin account, or give an existing one this password and role."""
    try:
        with transaction() as tx:
            user, is_new = service.ensure_user(tx, email, password, Role.ADMIN, name)
            audit(tx, Actor("command line"), "accounts.create_admin", subject=str(user.id), new=is_new)
    except CityPulseError as error:
        raise click.ClickException(_sentence(error)) from error
    click.echo(f"{user.email} is {'a new' if is_new else 'an'} admin")


@click.command("openapi")
@with_appcontext
def openapi() -> None:
    """Print the API's document, from which the page's types are made."""
    document = current_app.api_doc  # type: ignore[attr-defined]  # the app is a web.openapi.Api
    json.dump(document, sys.stdout, indent=2, sort_keys=False)
    sys.stdout.write("\n")


@click.command("retention")
@click.option("--dry-run", is_flag=True, help="Only show what is kept for how long and what would go now.")
def retention(dry_run: bool) -> None:
    """Remove what is no longer kept, by a job as each hour does; or show what would go."""
    if not dry_run:
        with transaction() as tx:
            job = enqueue(tx, ForgetOld(), unique_key="jobs.forget")
        click.echo(f"job {job.id} removes it")
        return
    now = utcnow()
    for rule in rules.RULES:
        with transaction() as tx:
            number = rules.count_old(tx, rule, now)
        click.echo(f"{number:>9}  {rule.name:<18} {rule.what}, {rule.keep.days} days ({rule.by})")
    for files in rules.FILES:
        number = sum(1 for _ in rules.orphans(files, now))
        click.echo(f"{number:>9}  {files.folder + '/':<18} {files.what} (jobs.forget)")


@click.command("seed")
@click.option(
    "--city", default=None, help="Slug of a pack under deploy/cities; the configured city by default."
)
@click.option("--admin-password", envvar=_names("ADMIN"), help="Makes the demo account admin@example.org.")
@click.option("--ops-password", envvar=_names("OPS"))
@click.option("--staff-password", envvar=_names("STAFF"))
@click.option("--partner-password", envvar=_names("PARTNER"))
@click.option("--resident-password", envvar=_names("RESIDENT"))
def seed(city: str | None, **passwords: str | None) -> None:
    """Put a city, its feeds and the demo accounts into the database; what is there is brought up to date."""
    settings = get_settings()
    slug = city or settings.citypulse_city
    try:
        pack = load_pack(settings.cities_dir / slug)
        with transaction() as tx:
            store_pack(tx, pack)
            feeds = seed_feeds(tx, pack, settings.citypulse_simulator_url, utcnow())
            people = [_demo_user(tx, name, password) for name, password in passwords.items() if password]
    except CityPulseError as error:
        raise click.ClickException(_sentence(error)) from error
    click.echo(f"{pack.name}: {len(pack.areas)} areas, {feeds} feeds, {len(people)} demo accounts")


def _demo_user(tx: Transaction, option: str, password: str) -> str:
    role = Role(option.removesuffix("_password"))
    user, _ = service.ensure_user(tx, f"{role}@{DEMO_DOMAIN}", password, role, f"Demo {role}")
    return user.email


def _sentence(error: CityPulseError) -> str:
    problems = getattr(error, "problems", ())
    return "; ".join([str(error), *(getattr(each, "message", str(each)) for each in problems)])
