"""The launcher finds its port, and says so when it is another than asked."""

import socket

import pytest

from deploy.local.environment import DEMO_ROLES, open_door, preferred_port
from deploy.local.problem import Problem
from deploy.local.processes import free_ports
from deploy.local.state import SECRETS
from shared.accounts.rules import Role
from web.cli import seed


@pytest.mark.parametrize(("told", "port"), [("", 8000), ("8123", 8123), ("0", 0)])
def test_the_port_is_the_one_that_was_asked_for(told: str, port: int) -> None:
    """Nothing asked is 8000."""
    assert port == preferred_port({"CITYPULSE_PORT": told})


@pytest.mark.parametrize("told", ["web", "-1", "70000", "80.5"])
def test_what_is_no_port_is_told(told: str) -> None:
    """The text names the setting."""
    with pytest.raises(Problem, match="CITYPULSE_PORT"):
        preferred_port({"CITYPULSE_PORT": told})


def test_a_taken_port_gives_way_to_another() -> None:
    """The reason goes to the person at the terminal."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        listener, reason = open_door(port, "127.0.0.1")
        with listener:
            assert port != listener.getsockname()[1]
            assert reason == "is taken"


def test_an_address_of_another_machine_is_told() -> None:
    """We listen only on addresses that are ours."""
    with pytest.raises(Problem, match="no address of this machine"):
        open_door(0, "192.0.2.1")


def test_free_ports_are_all_different() -> None:
    """Two processes that ask for the same port get two."""
    taken = free_ports({"": 0})[""]
    ports = free_ports({"web": taken, "live": taken, "flower": 0})

    assert taken == ports["web"]
    assert 3 == len(set(ports.values()))


def test_each_role_can_be_tried_by_a_demo_account() -> None:
    """It has a password of its own, and the command that seeds takes it."""
    taken = {str(variable) for option in seed.params for variable in option.envvar or ()}

    assert set(Role) == set(DEMO_ROLES)
    assert set() == {f"demo_{role}" for role in DEMO_ROLES} - set(SECRETS)
    assert set() == {f"CITYPULSE_DEMO_{role.upper()}_PASSWORD" for role in DEMO_ROLES} - taken
