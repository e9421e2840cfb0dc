"""``./run`` on a database that a team runs: nothing is assumed there, and no demo people can sign in."""

import subprocess
import sys

import pytest

from team.models import User
from tests.machinery.stack import database_environment
from tests.platform.install import Install

pytestmark = [pytest.mark.slow, pytest.mark.postgres]
NAMES = ("DATABASE_URL", "SECRET_KEY", "ALLOWED_HOSTS", "BATON_HTTPS")


@pytest.fixture
def served(transactional_db, tmp_path):
    given = {name: value for name, value in database_environment().items() if name in NAMES}
    install = Install(tmp_path / "served")
    yield install, given
    install.end()


def test_it_starts_without_demo_people_and_the_first_administrator_is_made_by_hand(served):
    install, given = served
    install.start(**given)
    assert install.ask("/healthz/") == '{"status": "ok"}'
    assert "demo company" not in install.said() and "the first visit makes the administrator" in install.said()
    assert not User.objects.exists()

    words = ["manage.py", "createsuperuser", "--noinput", "--email", "ann@test.example", "--name", "Ann"]
    environment = install.environment(**given, DJANGO_SUPERUSER_PASSWORD="a-long-password-1")
    done = subprocess.run([sys.executable, *words], cwd=install.root, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert User.objects.get().has_role("admin")

    assert install.interrupt() == 0
    assert install.processes() == {}
    assert not (install.var / "baton.sqlite3").exists()


def test_demo_data_is_refused_unless_it_is_asked_for(served):
    install, given = served
    words = [sys.executable, "manage.py", "demo"]
    done = subprocess.run(words, cwd=install.root, env=install.environment(**given), capture_output=True, text=True)
    assert done.returncode != 0 and "BATON_DEMO" in done.stderr
    assert not User.objects.exists()


def test_behind_https_the_pages_redirect_and_the_health_check_does_not(served):
    install, given = served
    install.start(**given | {"BATON_HTTPS": "1"})
    assert install.ask("/healthz/") == '{"status": "ok"}'
    with pytest.raises(OSError):  # it is sent to https, which nobody speaks here
        install.ask("/login/")
    assert install.interrupt() == 0
