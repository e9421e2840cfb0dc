"""The staffing page: present and required reps by hour of the week, and what the simulation says of both."""

from typing import Any

from core.charts import Chart, lines
from insights import wording as say
from insights.rules.staffing import HOURS
from insights.services.staffing import ASSUMED_MINUTES, LEAST, Answer, Asked, Gathered
from team.rules import WEEKDAYS


def page(known: Gathered, asked: Asked, answer: Answer) -> dict[str, Any]:
    """The template's context."""
    return {
        "answer": answer,
        "tiles": _tiles(known, asked, answer),
        "sentence": _sentence(known, asked, answer),
        "heat": _heat(known, answer),
        "hours": _hours(known, answer),
        "chart": _chart(known, answer),
        "what_if": _what_if(asked, answer),
    }


def handling_said(known: Gathered, asked: Asked) -> str:
    """Where the handling time comes from."""
    n = len(known.times)
    if asked.handling:
        return f"Assumed by you: {asked.handling:g} minutes on average (exponential)."
    if not known.measured:
        return (
            f"Assumed: {ASSUMED_MINUTES} minutes on average (exponential). Only {n:,} could be measured, {LEAST} are "
            "needed: it is how long the first call took, where the rep notes that; else from accepting a lead to "
            "logging the first call, e-mail or meeting, within the hour, by who accepted. Where reps accept after "
            "they called, say yourself how long one takes."
        )
    text = f"Measured: {say.span(sum(known.times) / n)} on average, drawn from {n:,} "
    if known.calls:
        return text + (
            "first calls, as long as the reps noted. What is done before and after a call comes on top: say yourself "
            "what one lead takes in all."
        )
    return text + (
        "leads as they were, from accepting one to logging the first call, e-mail or meeting: fewer than "
        f"{LEAST} first calls have their length noted."
    )


def arrivals_said(known: Gathered) -> str:
    if not known.leads:
        return "Nobody was handed over in the last 13 weeks."
    each = known.leads / known.weeks
    outside = 100.0 * known.outside / known.leads
    text = (
        f"{known.leads:,} handed over in {known.weeks} weeks, {each:.1f} a week; {say.percent(outside)} of them when "
    )
    return text + "nobody is on duty: they wait for the opening, are taken first, and are not judged."


def _share(result: dict[str, Any]) -> str:
    return say.percent(result["share"])


def _band(result: dict[str, Any]) -> str:
    if result["low"] is None:
        return f"{result['replications']} runs"
    low, high = result["low"], result["high"]
    return f"95 % sure: {low:.1f} to {high:.1f} %; {result['replications']} runs, {result['leads']:,} leads"


def _tiles(known: Gathered, asked: Asked, answer: Answer) -> list[dict[str, Any]]:
    goal = f"taken within {asked.within:g} min"
    there, needed = sum(known.present), sum(answer.needed)
    tone = "good" if (answer.present["share"] or 0) >= asked.target else "bad"
    return [
        {
            "label": f"With the present staffing, {goal}",
            "value": _share(answer.present),
            "note": _band(answer.present),
            "tone": tone,
            "definition": "Simulated leads taken in time, first come, first served, by the reps on duty.",
        },
        {
            "label": f"With the required staffing, {goal}",
            "value": _share(answer.required),
            "note": _band(answer.required),
            "tone": "" if (answer.required["share"] or 0) >= asked.target - 1 else "bad",
            "definition": f"Reps by hour so that {asked.target:g} % are taken in time.",
        },
        {
            "label": "Required at once",
            "value": say.whole(max(answer.needed)),
            "note": f"at the busiest hour; {max(known.present)} present at most",
            "tone": "",
            "definition": "The most reps that any hour of the week needs.",
        },
        {
            "label": "Rep-hours a week",
            "value": say.whole(needed),
            "note": f"required; {there:,} present next week",
            "tone": "bad" if needed > there else "",
            "definition": "Required reps, added up over the hours of the week. On duty, reps are taken to be "
            "free for new leads.",
        },
    ]


def _sentence(known: Gathered, asked: Asked, answer: Answer) -> str:
    short = [hour for hour in range(HOURS) if answer.needed[hour] > known.present[hour]]
    goal = f"{asked.target:g} % within {asked.within:g} minutes"
    text = f"To take {goal} it takes up to {max(answer.needed)} at once."
    if (answer.required["share"] or 0) < asked.target - 1:
        text = f"No staffing was found that takes {goal}; the nearest is shown."
    if not known.people:
        return f"{text} There is no active rep yet."
    if not short:
        return f"{text} The {known.people} reps there are cover every hour that needs it."
    worst = max(short, key=lambda hour: (answer.needed[hour] - known.present[hour], -hour))
    gap = answer.needed[worst] - known.present[worst]
    return f"{text} {len(short)} hours of the week are short; the most on {hour_said(worst)}: {gap} more."


def hour_said(hour: int) -> str:
    return f"{WEEKDAYS[hour // 24]} {hour % 24:02d}:00"


def _hours(known: Gathered, answer: Answer) -> list[int]:
    """The hours of the day worth a column."""
    used = {hour % 24 for hour in range(HOURS) if known.present[hour] or answer.needed[hour]}
    return list(range(min(used), max(used) + 1)) if used else []


def _heat(known: Gathered, answer: Answer) -> list[dict[str, Any]]:
    hours = _hours(known, answer)
    return [
        {"day": name, "cells": [_cell(day * 24 + hour, known, answer) for hour in hours]}
        for day, name in enumerate(WEEKDAYS)
    ]


def _cell(hour: int, known: Gathered, answer: Answer) -> dict[str, Any]:
    there, needed = known.present[hour], answer.needed[hour]
    short = needed - there
    level = "none" if not (there or needed) else "ok" if short <= 0 else "short" if short == 1 else "very"
    said = f"{hour_said(hour)}: {there} present, {needed} required, {known.rates[hour]:.2f} leads an hour"
    share = answer.present["by_hour"][hour]
    if share is not None:
        said += f", {share:.0f} % in time as it is"
    return {"there": there, "needed": needed, "level": level, "said": said}


def _chart(known: Gathered, answer: Answer) -> Chart:
    """Monday to Sunday, hour by hour."""
    names = [f"{WEEKDAYS[hour // 24][:3]} {hour % 24:02d}" for hour in range(HOURS)]
    series = [("Present", "sales", known.present), ("Required", "handoff", answer.needed)]
    return lines("Reps by hour of the week", names, series, head=["Hour", "Present", "Required"])


def _what_if(asked: Asked, answer: Answer) -> dict[str, str] | None:
    if answer.what_if is None:
        return None
    many = abs(asked.plus)
    word = "more" if asked.plus > 0 else "fewer"
    step = (answer.what_if["share"] or 0) - (answer.present["share"] or 0)
    return {
        "said": f"{many} {word} on {WEEKDAYS[asked.day]} from {asked.first}:00 to {asked.last}:00",
        "share": _share(answer.what_if),
        "step": say.moved(step, "points") or "no change",
        "band": _band(answer.what_if),
    }
