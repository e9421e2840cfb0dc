"""Files as people really send them: each row is taken or named with its reason; nothing is lost or half written."""

import codecs
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from core.errors import Refused
from intake import reader
from intake.models import ImportRun
from leads.models import Lead, Standing
from tests.intake.conftest import counts

Bring = Callable[..., ImportRun]
TEXT = "Email,First name\nanna@example.com,Änne\nben@example.com,Ben\n"


def reasons(run: ImportRun) -> dict[int, str]:
    return dict(run.issues.values_list("line", "reason"))


@pytest.mark.parametrize(
    "content",
    [
        TEXT.encode(),
        codecs.BOM_UTF8 + TEXT.encode(),
        TEXT.encode("utf-16"),
        TEXT.encode("utf-16-le"),
        TEXT.encode("utf-16-be"),
        codecs.BOM_UTF16_BE + TEXT.encode("utf-16-be"),
        TEXT.replace("\n", "\r\n").encode(),
        TEXT.replace("\n", "\r").encode(),
        TEXT.replace(",", ";").encode(),
        TEXT.replace(",", "\t").encode(),
        TEXT.replace(",", "|").encode(),
        ("\n\n" + TEXT + "\n\n").encode(),
        TEXT.rstrip("\n").encode(),
        '"Email","First name"\n"anna@example.com","Änne"\n"ben@example.com","Ben"\n'.encode(),
    ],
    ids=lambda content: repr(content[:14]),
)
def test_the_same_table_in_every_dress(bring: Bring, content: bytes) -> None:
    assert counts(bring("leads", content)) == (2, 0, 0, 0)
    assert Lead.objects.get(email_key="anna@example.com").first_name == "Änne"


def test_another_encoding_is_found_out_and_said(bring: Bring) -> None:
    rows = [f"p{n}@example.com,Jürgen Größe,Köln,Straße des Übermuts" for n in range(50)]
    run = bring("leads", ("Email,Name,City,Note\n" + "\n".join(rows)).encode("cp1252"))
    assert counts(run) == (50, 0, 0, 0)
    assert "not UTF-8" in run.options["said"][0]
    assert "byte 37 is 0xfc, on line 2" in run.options["said"][0]
    lead = Lead.objects.get(email_key="p0@example.com")
    assert (lead.first_name, lead.last_name, lead.city) == ("Jürgen", "Größe", "Köln")


def test_a_stray_byte_costs_its_row_only(bring: Bring) -> None:
    content = b"Email,City\na@example.com,Bonn\nb@example.com,K\xf6ln\nc@example.com,Ulm\n"
    run = bring("leads", content, encoding="utf-8")
    assert counts(run) == (2, 0, 0, 1)
    assert reasons(run) == {3: "The row has a byte (0xf6) that its encoding does not know."}


def test_odd_rows_are_named_and_the_rest_is_taken(bring: Bring) -> None:
    content = (
        b"Email,First name,City\n"
        b"a@example.com,Anna,Bonn\n"
        b"b@example.com,Ben\n"
        b"c@example.com,Cleo,Bonn,more\n"
        b"d@example.com,Di\x00rk,Bonn\n"
        b'e@example.com,"Eva "E" E",Bonn\n'
        b"f@example.com,Finn,Bonn,,\n"
        b"nobody,Gina,Bonn\n"
        b",Hugo,Bonn\n"
        b"a@example.com,Again,Bonn\n"
        b"A@Example.COM,Again,Bonn\n"
        b",,\n"
        b'"i@example.com","I\nda","Bonn"\n'
        b"j@example.com," + b"x" * 81 + b",Bonn\n"
        b"k@example.com,Kim,Bonn\n"
    )
    run = bring("leads", content)
    assert counts(run) == (4, 0, 0, 10)
    said = reasons(run)
    assert sorted(said) == [3, 4, 5, 6, 8, 9, 10, 11, 12, 15]
    assert "2 cells; the header has 3" in said[3]
    assert "4 cells" in said[4]
    assert "NUL" in said[5]
    assert "closing quotation mark" in said[6]
    assert "Not an e-mail" in said[8]
    assert "needs an e-mail or an external id" in said[9]
    assert "line 2 already" in said[10]
    assert "line 2 already" in said[11]
    assert "At most 80 characters" in said[15]
    assert Lead.objects.get(email_key="i@example.com").first_name == "I da"
    assert Standing.objects.count() == Lead.objects.count() == 4


def test_a_quotation_mark_that_never_closes_swallows_nothing(bring: Bring) -> None:
    rows = "".join(f"p{n}@example.com,P{n}\n" for n in range(3000))
    run = bring("leads", 'Email,First name\na@example.com,"Anna\n' + rows)
    assert counts(run) == (3000, 0, 0, 1)
    assert "never closed" in reasons(run)[2]


def test_a_line_of_a_hundred_megabytes_is_passed_over(bring: Bring, tmp_path: Path) -> None:
    path = tmp_path / "long.csv"
    with path.open("wb") as file:
        file.write(b"Email,First name\na@example.com,Anna\nb@example.com,")
        for _ in range(100):
            file.write(b"x" * 1_000_000)
        file.write(b"\nc@example.com,Cleo\n")
    run = bring("leads", path)
    assert counts(run) == (2, 0, 0, 1)
    assert "longer than 1,000,000" in reasons(run)[3]


def test_reading_a_long_line_keeps_little_in_memory(tmp_path: Path) -> None:
    import tracemalloc

    path = tmp_path / "long.csv"
    path.write_bytes(b"Email\n" + b"y" * 30_000_000 + b"\na@example.com\n")
    tracemalloc.start()
    rows = list(reader.Reader(path.open("rb"), "utf-8", ","))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert [bool(row.problem) for row in rows] == [True, False]
    assert peak < 12_000_000


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "empty"),
        (b"\n\n  \n", "empty"),
        (codecs.BOM_UTF8, "empty"),
        (b"Email,Name\n", "a header but no rows"),
        (b"First name,City\nAnna,Bonn\n", "Say which column is the e-mail"),
        (b'"Email\nno end', "header"),
        (b"\xff\xfe\x00", ""),
    ],
)
def test_a_file_that_cannot_be_read_is_refused_whole(bring: Bring, content: bytes, said: str) -> None:
    with pytest.raises(Refused) as refused:
        bring("leads", content)
    assert said in refused.value.message
    assert Lead.objects.count() == 0


@pytest.mark.parametrize("name", ["klingon", "rot13", "zip", "hex"])
def test_an_encoding_there_is_not_is_refused(bring: Bring, name: str) -> None:
    with pytest.raises(Refused, match="encoding"):
        bring("leads", TEXT, encoding=name)


def test_dates_that_can_be_read_two_ways_must_be_said(bring: Bring) -> None:
    text = "Email,Created\na@example.com,03/04/2025\nb@example.com,05/06/2025\n"
    with pytest.raises(Refused, match="how the dates") as refused:
        bring("leads", text)
    assert refused.value.field == "date_format"
    assert counts(bring("leads", text, date_format="dd/mm/yyyy")) == (2, 0, 0, 0)
    assert f"{Lead.objects.get(email_key='a@example.com').created_at:%Y-%m-%d}" == "2025-04-03"


def test_a_date_that_breaks_the_stated_format_is_named(bring: Bring) -> None:
    text = "Email,Created\na@example.com,13/04/2025\nb@example.com,04/13/2025\nc@example.com,31/02/2025\n"
    text += "d@example.com,01/01/2999\ne@example.com,12/12/2098\n"
    run = bring("leads", text, date_format="dd/mm/yyyy")
    assert counts(run) == (1, 0, 0, 4)
    said = reasons(run)
    assert "not a date of the form dd/mm/yyyy" in said[3]
    assert "not a date" in said[4]
    assert "year" in said[5]
    assert "future" in said[6]


def test_formulas_stay_text_and_leave_harmless(bring: Bring, login: Any) -> None:
    cells = ["=1+1", "+49 30 1", "-5 dB", "@SUM(A1)", " =1", "＝1", "=cmd|' /C calc'!A0"]
    rows = "".join(f'f{n}@example.com,"{cell}"\nbad{n},"{cell}"\n' for n, cell in enumerate(cells))
    run = bring("leads", "Email,City\n" + rows)
    assert counts(run) == (len(cells), 0, 0, len(cells))
    assert set(Lead.objects.values_list("city", flat=True)) == {cell.strip() for cell in cells}
    lines = b"".join(login("admin").get(f"/imports/{run.pk}/rejected.csv").streaming_content).decode()
    for cell in cells:
        assert f",'{cell}" in lines or f",\"'{cell}" in lines, cell


def test_rejected_rows_come_back_corrected_without_the_apostrophes(bring: Bring, login: Any) -> None:
    run = bring("leads", "Email,Phone\nwrong,+49 30 123\na@example.com,+49 30 456\n")
    lines = b"".join(login("admin").get(f"/imports/{run.pk}/rejected.csv").streaming_content).decode("utf-8-sig")
    assert "'+49 30 123" in lines
    again = bring("leads", lines.replace("wrong,", "right@example.com,"), mapping={"line": "", "reason": ""})
    assert counts(again) == (1, 0, 0, 0)
    assert Lead.objects.get(email_key="right@example.com").phone == "+49 30 123"


def test_unknown_columns_are_kept_only_as_confirmed(bring: Bring) -> None:
    text = "Email,Shoe size,Shoe size,,Email\na@example.com,43,44,x,b@example.com\n"
    run = bring("leads", text, mapping={"Shoe size (2)": "", "column 4": "", "Email (2)": ""})
    assert run.header == ["Email", "Shoe size", "Shoe size (2)", "column 4", "Email (2)"]
    assert Lead.objects.get().custom == {"shoe_size": 43}
    with pytest.raises(Refused, match="no column"):
        bring("leads", text, mapping={"Nothing": "city"})
    with pytest.raises(Refused, match="both mapped"):
        bring("leads", text, mapping={"Email (2)": "email"})
    with pytest.raises(Refused, match="do not have"):
        bring("leads", text, mapping={"Shoe size": "password"})


def test_a_custom_number_that_is_none_is_named(bring: Bring) -> None:
    run = bring(
        "leads", "Email,Visits\na@example.com,5\nb@example.com,many\n", mapping={"Visits": "custom:visits:number"}
    )
    assert counts(run) == (1, 0, 0, 1)
    assert run.issues.get().field == "Visits"
