"""docker-compose.yml and Dockerfile. No engine is needed: the file is read as Compose would, and its very commands
and health checks are run against the test's own PostgreSQL and broker."""

import os
import re
import subprocess
import sys

import pytest
import yaml

from tests.guard import house
from tests.machinery.stack import free_port

OURS = ["migrate", "web", "worker", "beat"]
REQUIRED = {"SECRET_KEY": "k" * 50, "POSTGRES_PASSWORD": "secret", "ALLOWED_HOSTS": "crm.example.com"}
REQUIRED |= {"SITE_URL": "https://crm.example.com"}
VARIABLE = re.compile(r"\$\{(\w+)(?:(:[-?])([^}]*))?\}")


class Unset(Exception):
    pass


def resolved(value, given):
    """The value with Compose's ``${NAME}``, ``${NAME:-default}`` and ``${NAME:?message}`` filled in."""

    def fill(match):
        name, how, rest = match.groups()
        if given.get(name):
            return given[name]
        if how == ":?":
            raise Unset(f"{name}: {rest}")
        return rest or ""

    if isinstance(value, dict):
        return {key: resolved(inner, given) for key, inner in value.items()}
    if isinstance(value, list):
        return [resolved(inner, given) for inner in value]
    return VARIABLE.sub(fill, value) if isinstance(value, str) else value


@pytest.fixture(scope="module")
def compose():
    return yaml.safe_load((house.ROOT / "docker-compose.yml").read_text())


@pytest.mark.parametrize("missing", REQUIRED)
def test_it_refuses_to_start_without_a_secret_or_an_address(compose, missing):
    with pytest.raises(Unset, match=f"{missing}: set {missing}"):
        resolved(compose, {name: value for name, value in REQUIRED.items() if name != missing})


def test_no_secret_is_written_in_it():
    text = (house.ROOT / "docker-compose.yml").read_text()
    for name in ("SECRET_KEY", "POSTGRES_PASSWORD"):
        assert not re.search(rf"^\s*{name}: (?!\$\{{)", text, re.MULTILINE)
        assert not re.search(rf"\$\{{{name}:-", text)


def test_everything_that_stays_up_has_a_health_check_and_waits_for_what_it_needs(compose):
    services = compose["services"]
    assert set(services) == {"migrate", "web", "worker", "beat", "postgres", "redis", "mail"}
    for name, service in services.items():
        assert name == "migrate" or service["healthcheck"]["test"][0] == "CMD", name
        for other, how in service.get("depends_on", {}).items():
            expected = "service_completed_successfully" if other == "migrate" else "service_healthy"
            assert how["condition"] == expected
    for name in ("web", "worker", "beat"):
        assert set(services[name]["depends_on"]) == {"migrate", "redis"}
        assert "container_name" not in services[name], "a fixed name forbids replicas"
    assert set(services["migrate"]["depends_on"]) == {"postgres"}


def test_redis_keeps_its_queue_and_evicts_nothing(compose):
    words = " ".join(compose["services"]["redis"]["command"])
    assert "--appendonly yes" in words and "--maxmemory-policy noeviction" in words


def test_only_the_web_is_reachable_from_outside(compose):
    open_to_all = {
        name
        for name, service in compose["services"].items()
        if any(not str(port).startswith("127.0.0.1:") for port in service.get("ports", []))
    }
    assert open_to_all == {"web"}


def test_every_variable_is_one_that_the_settings_know(compose):
    known = (house.ROOT / "config/env.py").read_text() + (house.ROOT / "config/gunicorn.py").read_text()
    for name in compose["services"]["web"]["environment"]:
        assert f'"{name}"' in known, name


def test_the_image_runs_as_nobody_special_and_holds_what_the_commands_need():
    lines = (house.ROOT / "Dockerfile").read_text().splitlines()
    assert [line for line in lines if line.startswith("USER ")] == ["USER baton"]
    assert any("--require-hashes" in line for line in lines)
    ignored = (house.ROOT / ".dockerignore").read_text().split()
    assert {".env", "var", ".git", ".venv"} <= set(ignored)
    assert not set(house.levels()) & set(ignored)


@pytest.mark.slow
@pytest.mark.postgres
def test_its_commands_run_and_become_healthy_on_a_served_database(stack, compose, tmp_path):
    port = str(free_port())
    given = {"ALLOWED_HOSTS": "crm.example.com", "SITE_URL": "https://crm.example.com"}
    given |= {"SECRET_KEY": stack.environment["SECRET_KEY"], "POSTGRES_PASSWORD": "secret"}
    services = resolved(compose, given)["services"]
    here = {name: stack.environment[name] for name in ("DATABASE_URL", "REDIS_URL")}
    here |= {
        "BATON_VAR": str(tmp_path),
        "PORT": port,
        "PATH": f"{os.path.dirname(sys.executable)}:{os.environ['PATH']}",
    }

    def words(command):
        swap = {"python": sys.executable, "0.0.0.0:8000": f"127.0.0.1:{port}"}
        return [swap.get(word, word.replace("/tmp/", f"{tmp_path}/")) for word in command]

    def healthy(name):
        command = words(services[name]["healthcheck"]["test"][1:])
        environment = stack.environment | services[name]["environment"] | here
        return subprocess.run(command, env=environment, cwd=house.ROOT, capture_output=True).returncode == 0

    migrate = stack.start(
        "migrate", words(services["migrate"]["command"]), env=services["migrate"]["environment"] | here
    )
    assert migrate.popen.wait(90) == 0, migrate.output()
    assert not healthy("web") and not healthy("worker") and not healthy("beat")
    for name in ("web", "worker", "beat"):
        stack.start(name, words(services[name]["command"]), env=services[name]["environment"] | here)
    for name in ("web", "worker", "beat"):
        stack.wait_until(lambda name=name: healthy(name), seconds=30, message=f"{name} is not healthy")
