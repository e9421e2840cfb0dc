"""A message is a wake-up: it survives a killed worker, and a broker in trouble costs a page next to nothing."""

import os
import signal
import time
import uuid

import pytest
import requests
from celery import current_app
from kombu import Connection

from config import broker
from core.models import OutboxMessage
from leads.models import InboxItem
from tests.leads.conftest import BROWSER

APP = "tests.platform.worker_app"
# Six wake-ups, how long each took and how often the broker was tried, in a process of its own.
TIMED = """
import time
from celery import current_app
from core import outbox
tried, send_task = [], current_app.send_task
def counted(*arguments, **options):
    tried.append(1)
    return send_task(*arguments, **options)
current_app.send_task = counted
for _ in range(6):
    began = time.monotonic()
    outbox.wake("core.tasks.outbox_drain")
    print("took", time.monotonic() - began)
print("tried", len(tried))
"""


def assert_asked_once(said: str) -> None:
    """Only the first of the wake-ups tried the broker. Beside that one's wait, however busy the machine, the others
    cost nothing."""
    times = [float(line.split()[1]) for line in said.splitlines() if line.startswith("took")]
    assert len(times) == 6
    assert "tried 2" in said.splitlines(), "once, and once more for a connection that went stale"
    assert sum(times[1:]) < times[0] / 4, times
    assert times[0] < 10, "a broker that hangs must be given up"


def send(stack, path, seconds: float) -> None:
    with Connection(stack.environment["REDIS_URL"]) as connection:
        current_app.send_task("tests.nap", (str(path), seconds), connection=connection)


def begun(path) -> list[int]:
    lines = path.read_text().splitlines() if path.exists() else []
    return [int(line.split()[1]) for line in lines if line.startswith("begun")]


def finished(path) -> bool:
    return path.exists() and "done" in path.read_text()


def test_every_task_is_acknowledged_late_and_given_back_when_its_worker_is_lost():
    current_app.loader.import_default_modules()
    ours = [task for name, task in current_app.tasks.items() if not name.startswith("celery.")]
    assert len(ours) >= 3
    for task in ours:
        assert task.acks_late and task.reject_on_worker_lost and task.ignore_result, task.name
        assert task.acks_on_failure_or_timeout, task.name


def test_a_task_is_over_before_its_message_is_given_to_another():
    conf = current_app.conf
    with current_app.connection_for_read() as connection:
        options = connection.transport_options
    assert conf.worker_prefetch_multiplier == 1
    assert conf.task_soft_time_limit < conf.task_time_limit < options["visibility_timeout"]
    assert (options["unacked_restore_interval"], options["unacked_restore_throttle"]) == (2, 1)


@pytest.mark.slow
@pytest.mark.sqlite
class TestKilled:
    """The database plays no part in these, so one of the two is enough."""

    def test_a_task_whose_pool_child_is_killed_runs_again(self, stack, tmp_path):
        stack.start_worker(app=APP)
        path = tmp_path / "nap"
        send(stack, path, 2)
        (child,) = stack.wait_until(lambda: begun(path))
        os.kill(child, signal.SIGKILL)
        stack.wait_until(lambda: len(begun(path)) == 2, seconds=15, message="the task was lost")
        stack.wait_until(lambda: finished(path))

    def test_a_task_whose_whole_worker_is_killed_comes_back_right_after_the_visibility_timeout(self, stack, tmp_path):
        worker = stack.start_worker(app=APP, env={"TEST_VISIBILITY": "4"})
        path = tmp_path / "nap"
        send(stack, path, 1)
        stack.wait_until(lambda: begun(path))
        stack.kill(worker)
        killed = time.monotonic()
        stack.start_worker(app=APP, env={"TEST_VISIBILITY": "4"})
        stack.wait_until(lambda: finished(path), seconds=20, message="the task did not come back")
        assert time.monotonic() - killed < 12, "4 s of visibility, 2 s between looks, and the task itself"

    def test_sigterm_lets_the_running_task_finish(self, stack, tmp_path):
        worker = stack.start_worker(app=APP)
        path = tmp_path / "nap"
        send(stack, path, 3)
        stack.wait_until(lambda: begun(path))
        assert stack.stop(worker) == 0
        assert finished(path)

    def test_a_worker_takes_no_more_than_it_works_on(self, stack, tmp_path):
        stack.start_worker(app=APP, concurrency=1)
        paths = [tmp_path / f"nap{number}" for number in range(3)]
        for path in paths:
            send(stack, path, 2)
        stack.wait_until(lambda: any(map(begun, paths)))
        time.sleep(0.5)
        import redis

        waiting = redis.Redis(unix_socket_path=str(stack.folder / "broker.sock")).llen("celery")
        assert sum(bool(begun(path)) for path in paths) == 1
        assert waiting >= 1, "the worker holds messages that another could work on"


@pytest.mark.slow
@pytest.mark.sqlite
class TestInTrouble:
    def test_without_a_broker_waking_costs_nothing(self, stack):
        stack.kill(stack.broker)
        assert_asked_once(stack.manage("shell", "-c", TIMED))

    def test_a_broker_that_hangs_costs_one_short_wait(self, stack):
        stack.broker.signal(signal.SIGSTOP)
        assert_asked_once(stack.manage("shell", "-c", TIMED))

    def test_a_restarted_broker_is_used_at_once(self, stack):
        restart = (
            "import os, signal, subprocess, time; from core import outbox; outbox.wake('core.tasks.outbox_drain');"
            f"os.kill({stack.broker.pid}, signal.SIGKILL); time.sleep(.3);"
            f"os.unlink({str(stack.folder / 'broker.sock')!r});"
            f"subprocess.Popen({broker.command(broker.find(), stack.folder / 'broker.sock')!r}); time.sleep(.7);"
            "outbox.wake('core.tasks.outbox_drain'); print('down', outbox._broker_down_until);"
            "import redis; print('waiting', redis.Redis(unix_socket_path=os.environ['REDIS_URL'].split('://')[1]).llen('celery'));"
            "redis.Redis(unix_socket_path=os.environ['REDIS_URL'].split('://')[1]).shutdown(nosave=True)"
        )
        said = stack.manage("shell", "-c", restart)
        assert "down 0.0" in said and "waiting 1" in said


@pytest.mark.slow
@pytest.mark.parametrize("trouble", [signal.SIGSTOP, signal.SIGKILL])
def test_captures_are_answered_and_kept_while_the_broker_is_in_trouble(stack, trouble):
    stack.start_web()
    stack.broker.signal(trouble)
    times = []
    with requests.Session() as session:
        for number in range(12):
            event = {
                "visitor": str(uuid.uuid4()),
                "id": str(uuid.uuid4()),
                "url": f"https://www.example.com/{number}",
            }
            began = time.monotonic()
            answer = session.post(f"{stack.url}/t/hit", json=event, headers={"User-Agent": BROWSER})
            times.append(time.monotonic() - began)
            assert answer.status_code == 204, answer.text
    assert InboxItem.objects.count() == 12
    assert max(times) < 2.5, "one wait of at most 1.5 s, and the request itself on a busy machine"
    assert sorted(times)[-2] < 1, "one request waits, not every one"


@pytest.mark.slow
def test_what_was_queued_while_the_broker_was_away_is_done_when_it_is_back(stack):
    stack.start_worker()
    stack.start_beat()
    stack.kill(stack.broker)
    message = OutboxMessage.objects.create(
        topic="mail.send",
        key="while-away",
        handler="core.mail.deliver",
        payload={"to": "a@test.example", "subject": "Hello", "text": "Hello"},
    )
    time.sleep(3)
    stack.start_broker()
    stack.wait_until(
        lambda: OutboxMessage.objects.filter(pk=message.pk, state="done").exists(),
        seconds=30,
        message="worker and beat did not find the broker again",
    )
