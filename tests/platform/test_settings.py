"""The environment decides, and a bad value stops the start naming its variable."""

import os
import stat
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from django.core.exceptions import ImproperlyConfigured

from config import env
from tests.guard import house
from tests.machinery.stages import clean_environment

SERVED = {
    "DATABASE_URL": "postgres://baton:pass-word@db/baton",
    "SECRET_KEY": "k" * 50,
    "ALLOWED_HOSTS": "crm.example.com",
}


@pytest.fixture
def read(monkeypatch, tmp_path):
    """Reads the settings of an environment that holds only these variables of ours."""

    def reading(**values: str) -> env.Environment:
        for name in [name for name in os.environ if name not in clean_environment() or name.startswith("BATON_")]:
            monkeypatch.delenv(name)
        for name, value in values.items():
            monkeypatch.setenv(name, value)
        return env.read(tmp_path)

    return reading


def test_with_nothing_set_it_is_embedded_and_local(read, tmp_path):
    found = read()
    assert found.var == tmp_path / "var"
    assert found.allowed_hosts == ["localhost", "127.0.0.1", "[::1]"]
    assert not found.https and not found.debug and found.demo
    assert found.email == {
        "EMAIL_BACKEND": "django.core.mail.backends.filebased.EmailBackend",
        "EMAIL_FILE_PATH": str(tmp_path / "var" / "mail"),
    }


def test_the_embedded_secret_is_made_once_and_private(read, tmp_path):
    first, again = read().secret_key, read().secret_key
    assert first == again and len(first) >= 50
    assert stat.S_IMODE((tmp_path / "var" / "secret_key").stat().st_mode) == 0o600
    assert [path.name for path in (tmp_path / "var").iterdir()] == ["secret_key"]


def test_processes_that_start_at_the_same_moment_share_one_secret(tmp_path):
    barrier, found = threading.Barrier(8), []

    def ask() -> None:
        barrier.wait()
        found.append(env.embedded_secret(tmp_path / "new" / "secret_key"))

    threads = [threading.Thread(target=ask) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 8 and len(set(found)) == 1 and found[0]


def test_a_served_install_assumes_https_and_no_demo(read):
    found = read(**SERVED)
    assert found.https and not found.demo and not found.debug
    assert found.allowed_hosts == ["crm.example.com"]
    assert env.database(SERVED["DATABASE_URL"])["ENGINE"] == "django.db.backends.postgresql"


def test_the_demo_of_a_served_install_must_be_asked_for(read):
    assert read(**SERVED, BATON_DEMO="1").demo
    assert not read(BATON_DEMO="0").demo


@pytest.mark.parametrize("missing", ["SECRET_KEY", "ALLOWED_HOSTS"])
def test_a_served_install_refuses_to_start_without(read, missing):
    with pytest.raises(ImproperlyConfigured, match=missing):
        read(**{name: value for name, value in SERVED.items() if name != missing})


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("DEBUG", "maybe"),
        ("BATON_HTTPS", "perhaps"),
        ("BATON_DEMO", "please"),
        ("BATON_BEHIND_PROXY", "2"),
        ("BATON_UPLOAD_LIMIT_MB", "lots"),
        ("BATON_UPLOAD_LIMIT_MB", "0"),
        ("BATON_UPLOAD_LIMIT_MB", "-1"),
        ("BATON_CURRENCY", "dollars"),
        ("BATON_CURRENCY", "eur"),
        ("BATON_TIME_ZONE", "Mars/Olympus"),
        ("REDIS_URL", "localhost:6379"),
        ("REDIS_URL", "amqp://guest@host"),
        ("REDIS_URL", "redis://"),
        ("SITE_URL", "crm.example.com"),
        ("SITE_URL", "ftp://crm.example.com"),
        ("EMAIL_URL", "mail.example.com"),
        ("EMAIL_URL", "imap://mail.example.com"),
        ("LOG_LEVEL", "CHATTY"),
        ("ALLOWED_HOSTS", "https://crm.example.com"),
        ("ALLOWED_HOSTS", "crm.example.com/path"),
        ("ALLOWED_HOSTS", "a.example,,b.example"),
        ("SECRET_KEY", "short"),
    ],
)
def test_a_bad_value_is_refused_by_name(read, name, value):
    with pytest.raises(ImproperlyConfigured, match=f"Baton cannot start.*{name}"):
        read(**SERVED | {name: value})


@pytest.mark.parametrize("value", ["mysql://root:pass-word@db/x", "sqlite:///x.db", "nonsense", "postgres://"])
def test_a_bad_database_address_is_refused_without_showing_its_password(value):
    with pytest.raises(ImproperlyConfigured, match="DATABASE_URL") as caught:
        env.database(value)
    assert "pass-word" not in str(caught.value)


@pytest.mark.parametrize(
    ("value", "setting", "expected"),
    [
        ("smtp://mail.example.com:2525", "EMAIL_PORT", 2525),
        ("submission://u:p%40ss@mail.example.com", "EMAIL_HOST_PASSWORD", "p@ss"),
        ("submission://u:p@mail.example.com", "EMAIL_USE_TLS", True),
        ("console://", "EMAIL_BACKEND", "django.core.mail.backends.console.EmailBackend"),
        ("file:///srv/mail", "EMAIL_FILE_PATH", "/srv/mail"),
    ],
)
def test_mail_goes_where_the_environment_says(read, value, setting, expected):
    assert read(EMAIL_URL=value).email[setting] == expected


def test_a_command_stops_with_the_reason_on_its_last_line(tmp_path):
    environment = clean_environment(BATON_VAR=str(tmp_path), BATON_UPLOAD_LIMIT_MB="lots")
    command = [sys.executable, str(house.ROOT / "manage.py"), "check"]
    done = subprocess.run(command, env=environment, capture_output=True, text=True)
    assert done.returncode != 0
    assert "BATON_UPLOAD_LIMIT_MB" in done.stderr.strip().splitlines()[-1]


def test_sent_mail_of_an_embedded_install_stays_in_its_own_folder(settings):
    assert Path(settings.VAR_DIR) != house.ROOT / "var", "the tests must not use the developer's own data"
