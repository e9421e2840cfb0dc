"""Runs that are killed, cancelled, taken over or repeated."""

import threading
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.db import connection
from django.utils import timezone

from core.errors import Conflict, Refused
from funnels.models import Transition
from intake.kinds import KINDS
from intake.models import ImportIssue, ImportKey, ImportRun
from intake.services import engine as engine_module
from intake.services import run_cancel, run_check, run_create, run_map, run_start, runs_drain
from leads.models import Company, CustomField, Lead, Standing
from team.models import User
from tests.intake.conftest import counts

Bring = Callable[..., ImportRun]


def _text(rows: int, bad_every: int = 7) -> str:
    lines = [f"p{n}@example.com,P{n}" if n % bad_every else f"bad{n},P{n}" for n in range(rows)]
    return "Email,First name\n" + "\n".join(lines) + "\n"


@pytest.fixture
def small_chunks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(type(KINDS["leads"]), "chunk", 50)


@pytest.fixture
def started(db: Any, tmp_path: Path, small_chunks: None) -> ImportRun:
    path = tmp_path / "many.csv"
    path.write_text(_text(1000))
    run, _, _ = run_create(kind="leads", by=None, path=path)
    run_map(run, mapping=run.mapping)
    run_start(run)
    return run


def _right(run: ImportRun) -> None:
    run.refresh_from_db()
    assert run.state == ImportRun.State.DONE
    assert (run.rows_in, run.created, run.rejected) == (1000, 857, 143)
    assert Lead.objects.count() == Standing.objects.count() == Transition.objects.count() == 857
    assert run.issues.count() == 143
    assert ImportKey.objects.count() == 0


class Killed(BaseException):
    pass


def test_a_run_that_is_killed_goes_on_after_its_last_chunk(
    started: ImportRun, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole, calls = engine_module._account, []

    def dies(*args: Any) -> None:
        calls.append(1)
        if len(calls) in (4, 9, 10):
            raise Killed  # after the rows were written, before the chunk is committed
        whole(*args)

    monkeypatch.setattr(engine_module, "_account", dies)
    for _ in range(3):
        with pytest.raises(Killed):
            runs_drain()
        started.refresh_from_db()
        assert Lead.objects.count() == started.created
        assert runs_drain() == 0  # its lease still stands
        ImportRun.objects.update(lease_until=timezone.now() - timedelta(seconds=1))
    runs_drain()
    _right(started)


def test_rows_that_break_every_worker_are_given_up(started: ImportRun, monkeypatch: pytest.MonkeyPatch) -> None:
    def dies(*args: Any) -> None:
        raise Killed

    monkeypatch.setattr(engine_module, "_account", dies)
    for _ in range(engine_module.MAX_ATTEMPTS):
        with pytest.raises(Killed):
            runs_drain()
        ImportRun.objects.update(lease_until=None)
    runs_drain()
    started.refresh_from_db()
    assert started.state == ImportRun.State.FAILED
    assert "Given up" in started.error
    assert Lead.objects.count() == 0


def test_a_long_run_yields_and_goes_on(started: ImportRun) -> None:
    for _ in range(30):
        runs_drain(seconds=0.001)
    _right(started)


def test_cancelling_keeps_what_is_in(started: ImportRun) -> None:
    run_cancel(started)
    runs_drain()
    started.refresh_from_db()
    assert started.state == ImportRun.State.CANCELLED
    assert Lead.objects.count() == started.created < 857
    with pytest.raises(Conflict):
        run_cancel(started)
    with pytest.raises(Conflict):
        run_start(started)


@pytest.mark.django_db(transaction=True)
def test_two_workers_at_once_count_every_row_once(tmp_path: Path, small_chunks: None) -> None:
    path = tmp_path / "many.csv"
    path.write_text(_text(1000))
    run, _, _ = run_create(kind="leads", by=None, path=path)
    run_map(run, mapping=run.mapping)
    run_start(run)
    errors: list[Exception] = []

    def work() -> None:
        try:
            ImportRun.objects.update(lease_until=None)  # as if the other's lease had run out
            runs_drain()
        except Exception as error:
            errors.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=work) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    ImportRun.objects.update(lease_until=None)
    runs_drain()
    assert errors == []
    _right(run)


def test_a_dry_run_writes_nothing(bring: Bring) -> None:
    text = "Email,Company,Shoe size\na@example.com,Acme,43\nb@example.com,Acme,44\na@example.com,Acme,45\nx,Acme,1\n"
    run = bring("leads", text, dry=True)
    assert (run.state, counts(run)) == (ImportRun.State.CHECKED, (2, 0, 0, 2))
    assert run.checked["created"] == 2
    found = [model.objects.count() for model in (Lead, Company, Standing, Transition, CustomField, ImportKey)]
    assert found == [0] * 6


def test_a_column_that_changed_updates_only_its_leads(bring: Bring) -> None:
    assert counts(bring("leads", _text(100, 1000).replace("bad0", "p0@example.com"))) == (100, 0, 0, 0)
    Standing.objects.update(score_due_at=None)
    run = bring("leads", _text(100, 1000).replace("bad0", "p0@example.com").replace("P7\n", "Paula\n"))
    assert counts(run) == (0, 1, 99, 0)
    assert Lead.objects.get(email_key="p7@example.com").first_name == "Paula"
    assert Standing.objects.filter(score_due_at__isnull=False).count() == 1
    assert Transition.objects.count() == 100


def test_an_empty_cell_takes_nothing_away(bring: Bring) -> None:
    bring("leads", "Email,City\na@example.com,Bonn\n")
    assert counts(bring("leads", "Email,City\na@example.com,\n")) == (0, 0, 1, 0)
    assert Lead.objects.get().city == "Bonn"


def test_keys_that_name_two_leads_are_refused(bring: Bring) -> None:
    bring("leads", "Email,Id\na@example.com,1\nb@example.com,2\n")
    run = bring("leads", "Email,Id\na@example.com,2\nb@example.com,3\nc@example.com,1\n")
    assert counts(run) == (0, 1, 0, 2)
    said = dict(run.issues.values_list("line", "reason"))
    assert "two different leads" in said[2]
    assert "known under the external id '2'" in said[3]
    assert Lead.objects.get(external_id="1").email_key == "c@example.com"


def test_a_lead_brings_its_past_company_source_and_consent(bring: Bring) -> None:
    User.objects.create_user("rita@x.example", name="Rita Rep", is_rep=True)
    text = "Email,Company,Website,Lead source,Opt in,Created,Lead owner\n"
    text += "a@acme.example,Acme,https://www.acme.example/x,Webinar,yes,2025-05-17,Rita Rep\n"
    text += "b@acme.example,Acme,acme.example,Fair,no,2025-05-18,Rita Repp\n"
    run = bring("leads", text)
    assert counts(run) == (1, 0, 0, 1)
    assert "Did you mean 'Rita Rep'?" in run.issues.get().reason
    lead = Lead.objects.select_related("company", "standing__owner").get()
    assert lead.company is not None
    assert (lead.company.name, lead.company.domain) == ("Acme", "acme.example")
    assert (lead.source, lead.consent_email, str(lead.created_at.date())) == ("Webinar", True, "2025-05-17")
    assert (lead.standing.owner.name, lead.standing.source) == ("Rita Rep", "Webinar")
    row = Transition.objects.get()
    assert (str(row.at.date()), row.cause, row.to_stage.key) == ("2025-05-17", "imported", "awareness")


def test_the_database_refusing_one_row_costs_that_row_only(bring: Bring, monkeypatch: pytest.MonkeyPatch) -> None:
    from django.db import DataError

    write = type(KINDS["leads"]).write

    def picky(self: Any, items: Any, context: Any) -> None:
        if any(item.values["email"] == "p13@example.com" for item in items):
            raise DataError("value too odd")
        write(self, items, context)

    monkeypatch.setattr(type(KINDS["leads"]), "write", picky)
    run = bring("leads", _text(60, 1000).replace("bad0", "p0@example.com"))
    assert counts(run) == (59, 0, 0, 1)
    assert run.issues.get().reason == "The database refused the row: value too odd"
    assert Lead.objects.count() == 59


def test_who_may_import_what(people: Any, tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("name\nAnna\n")
    for role, kind in (("marketer", "users"), ("manager", "users"), ("marketer", "deals"), ("rep", "leads")):
        with pytest.raises(Refused):
            run_create(kind=kind, by=people(role), path=path)
    with pytest.raises(Refused):
        run_create(kind="passwords", by=None, path=path)
    assert ImportRun.objects.count() == 0


def test_nobody_becomes_an_admin_by_a_file(bring: Bring) -> None:
    run = bring("users", "name,email,role\nEve,eve@x.example,admin\nMia,mia@x.example,marketer\n")
    assert counts(run) == (1, 0, 0, 1)
    assert not User.objects.filter(is_admin=True).exists()
    assert User.objects.get().roles == ["marketer"]


def test_deals_move_on_and_never_rewrite_the_past(bring: Bring) -> None:
    head = "deal id,stage,opened,closed,value\n"
    bring("deals", head + "D1,Demo,2025-01-10,,100\nD2,Won,2025-01-10,2025-02-01,200\n")
    run = bring(
        "deals", head + "D1,Won,2025-01-10,2025-03-01,150\nD2,Won,2025-01-11,2025-02-01,200\nD3,Won,2025-01-11,,1\n"
    )
    assert counts(run) == (0, 1, 0, 2)
    said = dict(run.issues.values_list("line", "reason"))
    assert "the past is not rewritten" in said[3]
    assert "needs the date it was closed" in said[4]
    stages = Transition.objects.filter(kind=2).order_by("traveller_id", "seq").values_list("to_stage__key", flat=True)
    assert list(stages) == ["qualification", "demo", "won", "qualification", "won"]
    backwards = bring("deals", head + "D9,Won,2025-03-01,2025-02-01,1\n")
    assert "closed before it was opened" in backwards.issues.get().reason


def test_checking_again_starts_clean(started: ImportRun) -> None:
    with pytest.raises(Conflict):
        run_check(started)
    runs_drain()
    assert ImportIssue.objects.count() == 143


def test_a_repeat_far_down_the_file_is_refused_whatever_the_first_row_did(bring: Bring, small_chunks: None) -> None:
    bring("leads", "Email,Id,City\nold@example.com,77,Bonn\nsame@example.com,78,Bonn\n")
    rows = [f"p{n}@example.com,{1000 + n},Ulm" for n in range(200)]
    rows[3] = "old@example.com,77,Ulm"  # updated
    rows[4] = "same@example.com,78,Bonn"  # unchanged
    rows[120] = "p0@example.com,5000,Ulm"  # made on line 2
    rows[130] = "q@example.com,1001,Ulm"  # its id was made on line 3
    rows[140], rows[150] = "old@example.com,,Ulm", "new@example.com,78,Ulm"
    run = bring("leads", "Email,Id,City\n" + "\n".join(rows) + "\n")
    assert counts(run) == (194, 1, 1, 4)
    said = dict(run.issues.values_list("line", "reason"))
    lines = {122: 2, 132: 3, 142: 5, 152: 6}
    assert said == {
        at: f"The same key stands on line {line} already; that row was taken." for at, line in lines.items()
    }
    again = bring("leads", "Email,Id,City\n" + "\n".join(rows) + "\n")
    assert counts(again) == (0, 0, 196, 4)
    assert dict(again.issues.values_list("line", "reason")) == said
    lead = Lead.objects.get(email_key="p5@example.com")
    assert (lead.import_run, lead.import_line) == (run.pk, 7)


def test_companies_are_found_in_any_case_and_made_once(bring: Bring) -> None:
    Company.objects.create(name="ACME", domain="acme.example")
    text = "Email,Company,Website\na@x.example,acme,\nb@x.example,NEW CO,\nc@x.example,New Co,\n"
    text += "d@x.example,new co,new.example\n"
    assert counts(bring("leads", text)) == (4, 0, 0, 0)
    assert sorted(Company.objects.values_list("name", "domain")) == [("ACME", "acme.example"), ("New Co", None)]
    assert counts(bring("leads", text)) == (0, 0, 4, 0)
