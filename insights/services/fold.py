"""Folding people anew: their facts change, and the sums move by the difference."""

from collections.abc import Collection

from insights.rules.path import Path
from insights.services.facts import facts_delete, facts_now, facts_stored, facts_write
from insights.services.sums import Changes


def people_fold(people: Collection[int], path: Path, today: int) -> int:
    """Fold these people and move the sums; returns how many changed. ``today``: up to which day the sums count as
    stalled. Inside the rollup's transaction."""
    before, after = facts_stored(people), facts_now(people, path)
    changed = [person for person in people if before.get(person) != after.get(person)]
    if not changed:
        return 0
    changes = Changes(today)
    for person in changed:
        if person in before:
            changes.add(before[person], -1)
        if person in after:
            changes.add(after[person], 1)
    facts_delete([person for person in changed if person in before])
    facts_write(after[person] for person in changed if person in after)
    changes.write()
    return len(changed)
