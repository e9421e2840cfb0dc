"""Importing in the browser."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from intake.models import ImportRun
from intake.services import runs_drain
from leads.models import Lead
from team.models import User

TEXT = "Email,First name,Shoe size\na@example.com,<b>Anna</b>,43\nwrong,Ben,44\n"


def _upload(client: Any, text: str = TEXT, kind: str = "leads", name: str = "people.csv") -> Any:
    return client.post("/imports/", {"kind": kind, "file": SimpleUploadedFile(name, text.encode())})


def _mapping(run: ImportRun) -> dict[str, str]:
    return {f"column-{place}": run.mapping[name] for place, name in enumerate(run.header)}


def test_from_the_file_to_the_report(login: Any) -> None:
    manu = login("manager")
    assert "Import a file" in manu.get("/imports/").content.decode()
    answer = _upload(manu, name="../../etc/people.csv")
    run = ImportRun.objects.get()
    assert (answer.status_code, answer["Location"]) == (302, f"/imports/{run.pk}/")
    assert "etc" not in run.file.name
    page = manu.get(answer["Location"]).content.decode()
    assert "custom:shoe_size:number" in page
    assert "&lt;b&gt;Anna" in page
    assert "<b>Anna" not in page

    manu.post(f"/imports/{run.pk}/map/", _mapping(run))
    run.refresh_from_db()
    assert run.state == ImportRun.State.CHECKING
    assert "progress" in manu.get(f"/imports/{run.pk}/status/").content.decode()
    runs_drain()
    ended = manu.get(f"/imports/{run.pk}/status/")
    assert ended["HX-Refresh"] == "true"
    page = manu.get(f"/imports/{run.pk}/").content.decode()
    assert "Import 1 rows now" in page
    assert "Not an e-mail address" in page
    assert Lead.objects.count() == 0

    manu.post(f"/imports/{run.pk}/start/")
    runs_drain()
    page = manu.get(f"/imports/{run.pk}/").content.decode()
    assert "1 taken + 1 rejected = 2 rows in" in page
    assert Lead.objects.get().custom == {"shoe_size": 43}
    assert "people.csv" in manu.get("/imports/").content.decode()
    lines = b"".join(manu.get(f"/imports/{run.pk}/rejected.csv").streaming_content).decode("utf-8-sig")
    assert lines.splitlines()[0] == "line,reason,Email,First name,Shoe size"
    assert lines.splitlines()[1].endswith("wrong,Ben,44")


def test_a_newcomer_only_confirms_the_sales_history(login: Any, sample: Callable[[str], Path]) -> None:
    ada = login("admin")
    kinds = {"users": "teams", "products": "products", "companies": "accounts", "deals": "pipeline"}
    for kind, name in kinds.items():
        _upload(ada, sample(f"sales_{name}.csv").read_text(), kind)
        run = ImportRun.objects.latest("pk")
        given = _mapping(run) | {"date_format": run.date_format, "empty": "\n".join(run.options["empty"])}
        given |= {f"stage-{place}": key for place, key in enumerate(run.options.get("stages", {}).values())}
        page = ada.get(f"/imports/{run.pk}/").content.decode()
        assert all(f'value="{value}" selected' in page for value in given.values() if value in run.mapping.values())
        ada.post(f"/imports/{run.pk}/map/", given)
        if kind == "deals":
            break  # the whole of it is imported in test_figures
        runs_drain()
        ada.post(f"/imports/{run.pk}/start/")
        runs_drain()
    run.refresh_from_db()
    assert run.state == ImportRun.State.CHECKING
    assert run.options["stages"] == {"Engaging": "demo", "Lost": "lost", "Prospecting": "qualification", "Won": "won"}
    assert (run.date_format, run.options["empty"]) == ("dd-mm-yyyy", ["null"])


def test_what_is_wrong_is_said_and_nothing_starts(login: Any) -> None:
    manu = login("manager")
    empty = _upload(manu, "\n")
    assert empty.status_code == 422
    assert "The file is empty" in empty.content.decode() or "submitted file is empty" in empty.content.decode()
    _upload(manu)
    run = ImportRun.objects.get()
    given = _mapping(run) | {"column-0": ""}
    answer = manu.post(f"/imports/{run.pk}/map/", given)
    assert answer.status_code == 422
    assert "Say which column is the e-mail" in answer.content.decode()
    assert ImportRun.objects.get().state == ImportRun.State.DRAFT
    assert "not running" in manu.post(f"/imports/{run.pk}/cancel/", follow=True).content.decode()
    path = run.full_path
    assert path.exists()
    manu.post(f"/imports/{run.pk}/delete/")
    assert not path.exists()
    assert not ImportRun.objects.exists()


def test_what_is_no_text_is_refused_at_the_field(login: Any) -> None:
    manu = login("manager")
    for content in (bytes(range(256)) * 20, b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR", b"PK\x03\x04\x14\x00\x06\x00\n"):
        answer = manu.post("/imports/", {"kind": "leads", "file": SimpleUploadedFile("a.csv", content)})
        assert answer.status_code == 422
        assert answer.context["form"].errors["file"][0].startswith("This is no "), content[:10]
    assert not ImportRun.objects.exists()


@pytest.mark.parametrize("role", ["rep", "anonymous"])
def test_reps_import_nothing(login: Any, role: str) -> None:
    client = login(role)
    answer = _upload(client)
    assert answer.status_code == (302 if role == "anonymous" else 403)
    assert not ImportRun.objects.exists()


def test_a_marketer_sees_no_import_of_users(login: Any) -> None:
    ada, maya = login("admin"), login("marketer")
    _upload(ada, "name\nAnna\nBen\n", "users")
    run = ImportRun.objects.get()
    for path in ("", "status/", "rejected.csv"):
        assert maya.get(f"/imports/{run.pk}/{path}").status_code == 404
    for path in ("map/", "start/", "cancel/", "delete/"):
        assert maya.post(f"/imports/{run.pk}/{path}").status_code == 404
    assert _upload(maya, "name\nAnna\nBen\n", "users").status_code == 422
    assert ImportRun.objects.get().state == ImportRun.State.DRAFT


def test_whose_imports_a_person_sees(login: Any, people: Any) -> None:
    manu, maya, otto = people("manager"), people("marketer"), people("other_rep")
    mate = User.objects.create_user(email="n@test.example", name="Nora", team=manu.team, is_marketer=True)
    runs = {
        name: ImportRun.objects.create(kind="leads", file_name=f"{name}.csv", by=by)
        for name, by in {"manu": manu, "maya": maya, "otto": otto, "mate": mate, "console": None}.items()
    }
    free = User.objects.create_user(email="f@test.example", name="Fay", is_manager=True)
    expected = {
        manu: {"manu", "mate"},
        maya: {"maya"},
        mate: {"mate"},
        free: set(runs),
        people("admin"): set(runs),
    }
    for person, names in expected.items():
        client = Client()
        client.force_login(person)
        page = client.get("/imports/").content.decode()
        assert {name for name in runs if f"{name}.csv" in page} == names, person
        for name, run in runs.items():
            status = 200 if name in names else 404
            for path in ("", "status/", "rejected.csv"):
                assert client.get(f"/imports/{run.pk}/{path}").status_code == status, (person, name, path)
            if name not in names:
                for path in ("map/", "start/", "cancel/", "delete/"):
                    assert client.post(f"/imports/{run.pk}/{path}").status_code == 404
    assert ImportRun.objects.count() == len(runs)


def test_the_list_is_cheap(login: Any, people: Any, django_assert_max_num_queries: Any) -> None:
    manu = login("manager")
    for number in range(20):
        ImportRun.objects.create(kind="leads", file_name=f"{number}.csv", by=people("manager"), state="done")
    with django_assert_max_num_queries(6):
        assert "19.csv" in manu.get("/imports/").content.decode()
