"""The flow map names functions and tasks by path; each must be there, and callable as the outbox calls it."""

import inspect

import pytest
from celery import current_app
from django.utils.module_loading import import_string

from config import flow
from tests.guard import house


def unresolved(paths) -> list[str]:
    """Dotted paths that name nothing callable."""
    missing = []
    for path in paths:
        try:
            found = import_string(path)
        except ImportError:
            found = None
        if not callable(found):
            missing.append(path)
    return missing


def unfit(path: str, *arguments: object, **payload: object) -> bool:
    """True when the function cannot be called like that."""
    try:
        inspect.signature(import_string(path)).bind(*arguments, **payload)
    except TypeError:
        return True
    return False


def unregistered(names) -> list[str]:
    """Names that no task carries; a message with such a name is thrown away by the worker."""
    current_app.loader.import_default_modules()
    return [name for name in names if name not in current_app.tasks]


def listeners(table) -> list[str]:
    return [path for paths in table.values() for path in paths]


def tasks() -> list[str]:
    beat = [entry["task"] for entry in current_app.conf.beat_schedule.values()]
    return [*listeners(flow.WAKE), *flow.DRAINS, *beat]


def test_every_listener_is_there():
    assert unresolved([*listeners(flow.TOGETHER), *listeners(flow.LATER)]) == []


@pytest.mark.parametrize("path", listeners(flow.TOGETHER))
def test_a_listener_together_takes_the_list_of_payloads(path):
    assert not unfit(path, [])


@pytest.mark.parametrize("path", listeners(flow.LATER))
def test_a_listener_later_takes_its_key_first(path):
    parameters = list(inspect.signature(import_string(path)).parameters.values())
    assert parameters and parameters[0].kind is not inspect.Parameter.KEYWORD_ONLY


def test_every_task_is_registered_under_the_name_by_which_it_is_woken():
    assert unregistered(tasks()) == []


def test_the_map_is_read_in_one_place():
    readers = {name for name, text in house.files(".py", outside=("tests",)).items() if "FLOW_MAP" in text}
    assert readers == {"config/settings.py", "core/flow.py"}


def test_what_can_be_woken_is_also_swept():
    assert set(listeners(flow.WAKE)) <= set(flow.DRAINS)


def test_twin_a_path_to_nothing_is_caught():
    assert unresolved(["core.mail.deliver", "core.mail.nothing", "nowhere.at.all", "core.models.log"]) == [
        "core.mail.nothing",
        "nowhere.at.all",
        "core.models.log",
    ]


def test_twin_a_task_of_another_name_is_caught():
    assert unregistered(["core.tasks.sweep", "core.tasks.sweeep"]) == ["core.tasks.sweeep"]


def test_twin_a_listener_that_takes_nothing_is_caught():
    assert unfit("core.clock.db_now", [])
