"""user: people of the web site."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from alerts.keys import Keyring
from alerts.web.accounts import GIVEN, Account, Accounts
from alerts.web.errors import InvalidAccount
from alerts.web.second_factors import SecondFactors
from monitor.commands.call import Call, add_row, minutes, plain, table, verb
from monitor.master_key import master_key

user = typer.Typer(help="People of the web site: who may sign in, and as what.")

Name = Annotated[str, typer.Argument(metavar="NAME", help="Name to sign in with.")]
Areas = Annotated[
    list[str] | None,
    typer.Option("--aoi", metavar="ID", help="Only this area; may repeat. [default: all]"),
]
RoleName = Annotated[str, typer.Option("--role", help=" | ".join(GIVEN))]


def add_to(app: typer.Typer) -> None:
    """Register the family of verbs."""
    app.add_typer(user, name="user", no_args_is_help=True)


@verb(user, "add", example="emberwatch user add amina --role analyst")
def add(call: Call, name: Name, role: RoleName, areas: Areas = None) -> None:
    """Add a person. The password is asked for, or read from stdin."""
    service = call.service()
    for area in areas or ():
        service.registry.group(area)
    made = Accounts(service.database).add(name, role, _password(), service.now(), areas)
    call.say(_document(made), f"{plain(made.name)} may sign in as {made.role.value}")


@verb(user, "list", example="emberwatch user list")
def list_(call: Call) -> None:
    """List who may sign in."""
    people = Accounts(call.service().database).all()
    rows = table("name", "role", "since", "second factor", "areas")
    for one in people:
        areas = "all" if one.areas is None else ", ".join(one.areas)
        factor = "on" if one.second_factor else "-"
        add_row(rows, [one.name, one.role.value, minutes(one.created_at), factor, areas])
    document = {"users": [_document(one) for one in people]}
    call.show(document, rows, "nobody can sign in yet: emberwatch user add NAME --role admin")


@verb(user, "reset", example="emberwatch user reset amina")
def reset(call: Call, name: Name) -> None:
    """Give a person another password; wherever they are signed in, they are signed out."""
    service = call.service()
    accounts = Accounts(service.database)
    accounts.account(name)
    changed = accounts.reset(name, _password(), service.now())
    call.say(_document(changed), f"{plain(changed.name)} has another password")


@verb(user, "reset-factor", example="emberwatch user reset-factor amina")
def reset_factor(call: Call, name: Name) -> None:
    """Take off the second factor of a person who lost telephone and codes; the password stays."""
    service = call.service()
    account = Accounts(service.database).account(name)
    factors = SecondFactors(
        service.database, Keyring(master_key(service.config.service.data_folder))
    )
    was_on = factors.remove(account.name, service.now())
    said = "has no second factor any more" if was_on else "had no second factor"
    call.say(_document(account) | {"second_factor": False}, f"{plain(account.name)} {said}")


@verb(user, "change", example="emberwatch user change amina --role operator")
def change(call: Call, name: Name, role: RoleName, areas: Areas = None) -> None:
    """Give a person another role, and these areas only (without --aoi: all)."""
    service = call.service()
    for area in areas or ():
        service.registry.group(area)
    changed = Accounts(service.database).change(name, service.now(), role=role, areas=areas)
    call.say(_document(changed), f"{plain(changed.name)} is {changed.role.value} now")


@verb(user, "rm", example="emberwatch user rm amina")
def rm(call: Call, name: Name) -> None:
    """Let a person sign in no more; what they decided keeps their name."""
    service = call.service()
    gone = Accounts(service.database).remove(name, service.now())
    call.say(_document(gone), f"{plain(gone.name)} cannot sign in any more")


def _password() -> str:
    """Return a password from a prompt, typed twice, or from the first line of stdin."""
    if sys.stdin.isatty():
        typed: str = typer.prompt("Password", hide_input=True, confirmation_prompt=True)
        return typed
    line = sys.stdin.readline().rstrip("\r\n")
    if not line:
        raise InvalidAccount(
            "there is no password on stdin", hint="type the command at a terminal, or pipe one in"
        )
    return line


def _document(account: Account) -> dict[str, object]:
    return {
        "name": account.name,
        "role": account.role.value,
        "areas": account.areas,
        "created_at": account.created_at,
        "second_factor": account.second_factor,
    }
