"""``manage.py doctor``: its exit code, its two ways to say it, and that its list of promises is complete."""

import json
import re

import pytest
from django.core.management import call_command

from core.models import OutboxMessage
from intake.models import ImportRun
from team.services import first_admin_create
from tests.guard import house

PREFIX = r"inbox|outbox|team|ledger|leads|activities|scoring|handoff|deals|insights|imports"


def doctor(capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, str]:
    try:
        call_command("doctor", *words)
        code = 0
    except SystemExit as end:
        code = int(end.code or 0)
    return code, capsys.readouterr().out


def test_a_new_install_is_healthy_before_and_after_its_set_up(db, capsys):
    assert doctor(capsys)[0] == 0
    first_admin_create(name="Ada", email="ada@test.example", password="long-enough-1", time_zone="UTC")
    code, said = doctor(capsys)
    assert code == 0 and said.endswith("Everything holds.\n")
    assert json.loads(doctor(capsys, "--json")[1]) == {"healthy": True, "findings": []}


def test_what_is_broken_is_named_and_ends_it_with_1(db, capsys):
    OutboxMessage.objects.create(topic="mail.send", key="a", handler="core.mail.gone", state="done")
    ImportRun.objects.create(kind="leads", file_name="a.csv", rows_in=3, created=2)
    code, said = doctor(capsys)
    assert code == 1 and "3 broken." in said
    assert "BROKEN outbox: every handler is there: core.mail.gone cannot be imported." in said
    code, said = doctor(capsys, "--json")
    found = json.loads(said)
    assert code == 1 and found["healthy"] is False
    assert {one["check"] for one in found["findings"]} == {
        "outbox: done is done",
        "outbox: every handler is there",
        "imports: every row is accounted for",
    }


def test_a_message_that_was_given_up_is_a_note(db, capsys):
    OutboxMessage.objects.create(topic="mail.send", key="a", handler="core.mail.deliver", state="dead")
    code, said = doctor(capsys)
    assert code == 0 and "note   outbox: given up" in said


def test_the_list_of_promises_names_every_check():
    told = set(re.findall(r"`([^`]+)`", (house.ROOT / "docs/doctor.md").read_text()))
    files = house.files(".py", outside=("tests", "migrations"))
    texts = [text for name, text in files.items() if re.search(r"invariants\.py$|config/doctor\.py$", name)]
    found = {check for text in texts for check in re.findall(rf'"((?:{PREFIX}): [^"]+)"', text)}
    assert len(found) > 35
    for check in found:
        for noun in ("lead", "deal") if "{noun}" in check else ("",):
            assert check.replace("{noun}", noun) in told
    for name in ("inbox", "outbox", "bulk changes"):
        assert {f"{name}: nothing is stuck", f"{name}: done is done", f"{name}: given up"} <= told
