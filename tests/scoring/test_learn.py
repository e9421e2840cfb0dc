"""Learning a scorecard: cuts and merges, leaks, small samples, measures. Without a database."""

import builtins
import json
import random
from pathlib import Path
from typing import Any

import pytest

from core.errors import Refused
from leads.conditions import condition_check, condition_sentence
from scoring.learn.bins import short_between, trait_fine
from scoring.learn.card import Card, curve_at, curve_of, rules_of
from scoring.learn.evaluate import cleaned, evaluate, evaluate_newest
from scoring.learn.fit import card_learn
from scoring.learn.groups import Group, Trait, condition_of, group_say
from scoring.learn.leaks import leaks_find
from scoring.learn.measure import auc, auc_gain, tenths, top_share
from scoring.learn.regression import INSTALL
from scoring.learn.table import UNSEEN, Column, Kind, Table, table_read


def world(rows: int = 1500, seed: int = 7) -> Table:
    """Size helps step by step, the channel helps, the noise column says nothing."""
    dice = random.Random(seed)
    size = [None if dice.random() < 0.1 else float(dice.choice((5, 20, 80, 300, 900))) for _ in range(rows)]
    channels = ["web", "Ads", "fair", "mail"]
    channel = [f"one-off {i}" if dice.random() < 0.03 else dice.choice(channels) for i in range(rows)]
    odds = [
        (0.0 if s is None else min(s, 300) / 100) + 1.5 * (c == "fair") - 2
        for s, c in zip(size, channel, strict=True)
    ]
    wins = [dice.random() < 1 / (1 + 2.718**-one) for one in odds]
    columns = [
        Column("Size", Kind.NUMBER, size, "company.employees"),
        Column("Channel", Kind.CATEGORY, channel, "lead.source"),
        Column("Noise", Kind.CATEGORY, [dice.choice("abc") for _ in range(rows)], "custom.noise"),
    ]
    return Table(columns, wins)


def trait_of(card: Card, name: str) -> Trait:
    return next(one for one in card.traits if one.name == name)


def test_points_rise_with_what_helps_and_noise_gives_next_to_nothing() -> None:
    card = card_learn(world())
    size = [group.points for group in trait_of(card, "Size").groups if group.numbers]
    assert size == sorted(size) and size[-1] - size[0] >= 20
    channel = trait_of(card, "Channel")
    assert max(channel.groups, key=lambda group: group.points).values == ("fair",)
    noise = [group.points for one in card.traits if one.name == "Noise" for group in one.groups]
    assert max(noise, default=0) - min(noise, default=0) < 8
    assert [share for _, share in card.curve] == sorted(share for _, share in card.curve)


def test_every_group_has_enough_rows_and_the_rare_ones_are_together() -> None:
    table = world()
    fine = trait_fine(table.columns[1], table.wins, 30)
    assert fine is not None
    rest = next(group for group in fine.groups if group.rest)
    assert rest.evidence.n == sum(value.startswith("one-off") for value in table.columns[1].values)
    assert all(group.evidence.n >= 30 for group in fine.groups if not group.rest)
    assert sum(group.evidence.n for group in fine.groups) == len(table)
    size = trait_fine(table.columns[0], table.wins, 30)
    assert size is not None
    assert [group.unknown for group in size.groups][-1] and all(group.evidence.n >= 30 for group in size.groups)


def test_what_was_never_met_is_neither_best_nor_worst() -> None:
    card = card_learn(world())
    channel = trait_of(card, "Channel")
    points = sorted(group.points for group in channel.groups)
    assert points[0] <= channel.points("never met") <= points[-1]
    assert channel.points(UNSEEN) == 0 and channel.points("FAIR ") == channel.points("fair")


def test_rules_say_their_groups_and_are_ordinary_conditions() -> None:
    for one in rules_of(card_learn(world())):
        assert condition_check(one.condition) and -100 <= one.points <= 100 and one.points
        assert (
            one.evidence["n"] > 0
            and one.evidence["low"] <= one.points + 0.6
            and one.evidence["high"] >= one.points - 0.6
        )
    trait = Trait("Size", "company.employees", Kind.NUMBER, (Group(low=50, high=200, numbers=True, unknown=True),))
    assert group_say(trait, trait.groups[0]) == "50 to below 200 or unknown"
    said = condition_sentence(condition_of(trait, trait.groups[0]))
    assert said == "(employees is at least 50 and employees is less than 200) or employees is empty"
    deed = Trait("Viewed pricing", "did:pricing_viewed", Kind.COUNT, (Group(low=2, high=5, numbers=True),))
    assert condition_check(condition_of(deed, deed.groups[0])) and group_say(deed, deed.groups[0]) == "2 to 4 times"


def test_a_card_survives_being_written_down() -> None:
    table = world()
    card = card_learn(table)
    again = Card.of_json(json.loads(json.dumps(card.as_json())))
    assert again.points_of(table) == card.points_of(table) and again.chances_of(table) == card.chances_of(table)
    assert all(0 <= points <= 100 for points in card.points_of(table))
    row = {one.name: one.values[3] for one in table.columns}
    assert card.points(row) == card.points_of(table)[3]


def test_two_facts_that_only_tell_together_become_a_readable_pair() -> None:
    dice = random.Random(3)
    left = [dice.choice(("a", "b", "c")) for _ in range(2000)]
    right = [dice.choice(("x", "y")) for _ in range(2000)]
    odds = [(2.5 if (a, b) == ("a", "x") else 0) + (b == "y") * 0.8 - 1 for a, b in zip(left, right, strict=True)]
    wins = [dice.random() < 1 / (1 + 2.718**-one) for one in odds]
    columns = [
        Column("Left", Kind.CATEGORY, left, "custom.left"),
        Column("Right", Kind.CATEGORY, right, "custom.right"),
    ]
    card = card_learn(Table(columns, wins))
    pair = next(one for one in card.traits if one.parts)
    names = [one.name for one in rules_of(card)]
    assert pair.name in ("Left with Right", "Right with Left")
    assert any(name.startswith(pair.name) and " and " in name for name in names)
    score = {(a, b): card.points({"Left": a, "Right": b}) for a in "abc" for b in "xy"}
    assert score["a", "x"] == max(score.values()) and score["a", "x"] > score["a", "y"] + 10


def test_a_twin_of_the_outcome_is_left_out_and_named() -> None:
    table = world()
    twin = ["won" if win else "lost" for win in table.wins]
    dice = random.Random(1)
    nearly = [dice.choice("ab") if dice.random() < 0.1 else word for word in twin]
    filled_late = [("x" if dice.random() < 0.97 else None) if win else None for win in table.wins]
    late = [("twin", twin), ("nearly", nearly), ("filled late", filled_late)]
    ids = Column("Number", Kind.NUMBER, [float(i) for i in range(len(twin))], "custom.number")
    table.columns += [Column(name, Kind.CATEGORY, values, f"custom.{name}") for name, values in late] + [ids]
    left, _ = cleaned(table)
    assert [one.name for one in left.columns] == ["Size", "Channel", "Noise"]
    assert all("alone tells the outcome" in left.left_out[name] for name, _ in late)
    assert "names the row" in left.left_out["Number"]
    kept, _ = cleaned(table, ["twin"])
    assert "twin" in {one.name for one in kept.columns}


def test_a_strong_honest_fact_stays_but_is_pointed_out() -> None:
    dice = random.Random(5)
    wins = [i % 2 == 0 for i in range(600)]
    words = [("yes" if win else "no") if dice.random() < 0.8 else dice.choice(("yes", "no")) for win in wins]
    out, look = leaks_find(Table([Column("Fact", Kind.CATEGORY, words, "custom.fact")], wins), 20)
    assert out == {} and len(look) <= 1
    strong = [("yes" if win else "no") if dice.random() < 0.65 else dice.choice(("yes", "no")) for win in wins]
    out, look = leaks_find(Table([Column("Fact", Kind.CATEGORY, strong, "custom.fact")], wins), 20)
    assert out == {} and "'Fact'" in look[0]


@pytest.mark.parametrize("rows", [0, 30, 150])
def test_too_few_outcomes_are_refused(rows: int) -> None:
    with pytest.raises(Refused, match="Too few closed outcomes"):
        card_learn(world(1500).rows(range(rows)))


def test_too_few_of_one_kind_are_refused_and_so_is_noise_alone() -> None:
    table = world()
    lost = [i for i, win in enumerate(table.wins) if not win]
    won = [i for i, win in enumerate(table.wins) if win][:20]
    with pytest.raises(Refused, match="20 converted"):
        card_learn(table.rows(lost + won))
    alone = Table([Column("Same", Kind.CATEGORY, ["x"] * len(table), "custom.same")], table.wins)
    with pytest.raises(Refused, match="nothing was learned"):
        card_learn(alone)


def test_without_the_library_it_says_how_to_install_it(monkeypatch: pytest.MonkeyPatch) -> None:
    real = builtins.__import__

    def without(name: str, *args: Any, **kwargs: Any) -> Any:
        if name.split(".")[0] in ("sklearn", "numpy"):
            raise ImportError(name)
        return real(name, *args, **kwargs)

    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(Refused, match="pip install 'scikit-learn"):
        card_learn(world())
    assert "ml" in INSTALL


def test_measures_are_what_their_definitions_say() -> None:
    said, wins = [0.1, 0.4, 0.4, 0.8], [False, True, False, True]
    assert auc(said, wins).value == 0.875  # one tie of four pairs counts half
    assert auc_gain(said, said, wins).value == 0
    assert auc_gain(said, [0.5] * 4, wins).value == pytest.approx(0.375)
    # 30 rows tied at the edge of the top fifth (20 rows) count by their average
    assert top_share([0.9] * 10 + [0.5] * 30 + [0.1] * 60, [True] * 25 + [False] * 75, 0.2).value == 0.75
    assert [one.n for one in tenths([i / 25 for i in range(25)], [True] * 25)] == [2, 3] * 5
    curve = curve_of([float(i) for i in range(100)], [i >= 50 for i in range(100)], 4)
    assert curve_at(curve, -5) == curve[0][1] and curve_at(curve, 500) == curve[-1][1]
    assert curve_at(curve, 10) < curve_at(curve, 50) < curve_at(curve, 90)


@pytest.mark.parametrize(
    ("below", "upto", "cut"), [(296.0, 304.0, 300.0), (0.0, 1.0, 1.0), (2.0, 2.5, 2.1), (-3.0, 0.0, 0.0)]
)
def test_cuts_are_short_numbers(below: float, upto: float, cut: float) -> None:
    assert below < short_between(below, upto) <= upto
    assert short_between(below, upto) == cut or cut == 2.1


def csv_of(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "leads.csv"
    path.write_text(text, encoding="utf-8")
    return path


@pytest.mark.parametrize(
    ("text", "said", "message"),
    [
        ("a,won\n1,yes\n", {"label": "nope"}, "No column 'nope'"),
        ("a,won\n1,maybe\n", {"label": "won"}, "neither yes nor no"),
        ("a,won\n1,yes\n", {"label": "won", "exclude": ["b*"]}, r"No column 'b\*' to exclude"),
        ("a,won\n1\n", {"label": "won"}, "Row 2 has 1 cells"),
        ("a,a,won\n1,2,yes\n", {"label": "won"}, "same name"),
        ("a,won\nfriday,yes\n", {"label": "won", "date": "a"}, "cannot all be read"),
        ("a,won\n", {"label": "won"}, "a header and rows"),
    ],
)
def test_a_file_that_cannot_be_learned_from_is_refused(tmp_path: Path, text: str, said: Any, message: str) -> None:
    with pytest.raises(Refused, match=message):
        table_read(csv_of(tmp_path, text), **said)


def test_a_dated_file_is_also_tried_on_its_newest_rows(tmp_path: Path) -> None:
    table = world(800)
    lines = [
        f"2026-{1 + i * 12 // 800:02d}-01,{table.columns[0].values[i] or ''},{table.columns[1].values[i]},{win:d}"
        for i, win in enumerate(table.wins)
    ]
    path = csv_of(tmp_path, "day,size,channel,won\n" + "\n".join(lines))
    read = table_read(path, label="won", date="day")
    assert [one.name for one in read.columns] == ["size", "channel"]
    newest = evaluate_newest(read)
    assert newest is not None and newest.measures["scorecard"].n == 160
    assert evaluate_newest(table) is None
    found = evaluate(read, baselines=False)
    assert found.measures["scorecard"].auc.value > 0.65
