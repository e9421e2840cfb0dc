"""Changing the floor plan: stages, their order, pipelines. Two managers at once: the second is told (Conflict)."""

from collections.abc import Iterable, Sequence
from typing import Any

from django.db import transaction
from django.db.models import F
from django.utils.text import slugify

from core.errors import Conflict, Refused
from core.rules import name_read
from funnels import rules
from funnels.models import Funnel, Stage, Traveller
from funnels.seeds import FUNNELS
from funnels.services.journey import journey_move

EMPTY_BATCH = 1000
EMPTY_LIMIT = 20_000


def seed(**_: Any) -> None:
    """The default three funnels, on a database that has none."""
    if Funnel.objects.exists():
        return
    for position, funnel in enumerate(FUNNELS):
        made = Funnel.objects.create(
            key=funnel["key"], name=funnel["name"], kind=funnel["kind"], is_default=True, position=position
        )
        Stage.objects.bulk_create(
            [Stage(funnel=made, position=index, **stage) for index, stage in enumerate(funnel["stages"])]
        )


def _revise(funnel: Funnel, revision: int) -> None:
    """Count one change, if nobody else made one since ``revision`` was read."""
    if not Funnel.objects.filter(pk=funnel.pk, revision=revision).update(revision=F("revision") + 1):
        raise Conflict("Somebody else changed this funnel meanwhile. Look at it again, then repeat your change.")
    funnel.revision = revision + 1


def _key(name: str, taken: Sequence[str]) -> str:
    base = slugify(name)[:34] or "stage"
    return next(key for key in (base, *(f"{base}-{n}" for n in range(2, 10_000))) if key not in taken)


def _named(name: str, limit: int) -> str:
    name = name_read(name)
    if not name:
        raise Refused("Give it a name.", field="name")
    if len(name) > limit:
        raise Refused(f"At most {limit} characters.", field="name")
    return name


def _name_free(name: str, others: Iterable[Stage], *, field: str = "name") -> str:
    """Raises Refused when another stage in use is called so: on a board nobody could tell the two apart."""
    same = [one for one in others if one.is_active and one.name.casefold() == name.casefold()]
    if same:
        raise Refused(f"This funnel has a stage {same[0].name} already.", field=field)
    return name


@transaction.atomic
def stage_save(
    *,
    stage: Stage,
    revision: int,
    name: str,
    expected_days: int,
    probability: int = 0,
    required: Sequence[str] = (),
    explanation: str = "",
) -> Stage:
    """Change what a stage is called, expects and asks for. Its key and kind stay.

    Raises Refused naming the field; Conflict when the funnel was changed since ``revision``.
    """
    _revise(stage.funnel, revision)
    if unknown := [one for one in required if one not in rules.requirable(stage.funnel.kind)]:
        raise Refused(f"A stage cannot ask for {unknown[0]}.", field="required")
    if not 0 <= probability <= 100:
        raise Refused("A probability is 0 to 100 percent.", field="probability")
    stage.name = _named(name, 60)
    if stage.is_active:
        _name_free(stage.name, stage.funnel.stages.exclude(pk=stage.pk))
    stage.expected_days, stage.explanation = expected_days, explanation.strip()[:300]
    stage.required = list(required)
    fields = ["name", "expected_days", "explanation", "required"]
    if stage.funnel.kind == Funnel.Kind.SALES and stage.is_open:
        stage.probability = probability
        fields.append("probability")
    stage.save(update_fields=fields)
    return stage


@transaction.atomic
def stage_add(*, funnel: Funnel, revision: int, name: str, expected_days: int = 14, probability: int = 0) -> Stage:
    """A new open stage, the last before the funnel's ends."""
    _revise(funnel, revision)
    stages = list(funnel.stages.all())
    if len(stages) >= 30:
        raise Refused("A funnel has at most 30 stages.", field="name")
    stage = Stage.objects.create(
        funnel=funnel,
        key=_key(name, [one.key for one in stages]),
        name=_name_free(_named(name, 60), stages),
        position=len(stages),
        expected_days=expected_days,
        probability=probability if funnel.kind == Funnel.Kind.SALES else 0,
    )
    opens = [one for one in stages if one.is_open]
    _number([*opens, stage, *(one for one in stages if not one.is_open)])
    return stage


def _number(stages: Sequence[Stage]) -> None:
    for position, stage in enumerate(stages):
        stage.position = position
    Stage.objects.bulk_update(stages, ["position"])


@transaction.atomic
def stage_shift(*, stage: Stage, revision: int, by: int) -> None:
    """Move an open stage up (-1) or down (+1) among the open ones; the ends stay last."""
    _revise(stage.funnel, revision)
    stages = list(Stage.objects.filter(funnel=stage.funnel_id))
    opens = {one.pk: one for one in stages if one.is_open}
    if stage.pk not in opens:
        raise Refused("The ends of a funnel stay last.", field="stage")
    order = rules.shifted(list(opens), stage.pk, by)
    _number([*(opens[pk] for pk in order), *(one for one in stages if not one.is_open)])


@transaction.atomic
def stage_activate(*, stage: Stage, revision: int) -> None:
    """Back into use. Raises Refused when another stage has its name by now; Conflict as above."""
    _revise(stage.funnel, revision)
    _name_free(stage.name, stage.funnel.stages.exclude(pk=stage.pk), field="stage")
    Stage.objects.filter(pk=stage.pk).update(is_active=True)


def stage_deactivate(*, stage: Stage, revision: int, by: Any, move_to: Stage | None = None) -> int:
    """Out of use: nobody enters it any more; those inside move to ``move_to``. Returns how many are still inside
    (more than 20,000 take several calls).

    Raises Refused for a stage that must stay, or with travellers inside and nowhere to go; Conflict as above.
    """
    opens = Stage.objects.filter(funnel=stage.funnel_id, kind=Stage.Kind.OPEN, is_active=True).exclude(pk=stage.pk)
    funnel = stage.funnel
    if no := rules.removal_refusal(funnel=funnel.key, key=stage.key, kind=stage.kind, open_left=opens.count()):
        raise Refused(no, field="stage")
    inside = sum(rows.count() for rows in _inside(stage))
    if inside and move_to is None:
        raise Refused(f"{inside} are in {stage}. Choose the stage they move to.", field="move_to", code="inside")
    if move_to is not None and not opens.filter(pk=move_to.pk).exists():
        raise Refused("Choose another open stage of this funnel.", field="move_to")
    with transaction.atomic():
        _revise(funnel, revision)
        Stage.objects.filter(pk=stage.pk).update(is_active=False)
    return _empty(stage, move_to, by) if move_to is not None else 0


def _inside(stage: Stage) -> list[Any]:
    """Whoever is in the stage, one queryset a kind of traveller."""
    return [model._default_manager.filter(stage=stage) for model in traveller_models()]


def traveller_models() -> list[Any]:
    """Every model that travels: leads' standings and deals, whichever rooms they live in."""
    return list(Traveller.__subclasses__())


def _empty(stage: Stage, to: Stage, by: Any) -> int:
    """Move them in batches, each its own transaction, so that nobody waits long for the ledger."""
    moved = 0
    for rows in _inside(stage):
        while moved < EMPTY_LIMIT:
            with transaction.atomic():
                locked = rows.select_for_update(of=("self",)).select_related("stage__funnel").order_by("pk")
                batch = list(locked[:EMPTY_BATCH])
                if not batch:
                    break
                journey_move(batch, kind=rows.model.journey, to=to, cause="stage_removed", by=by, note=stage.name)
            moved += len(batch)
    return sum(rows.count() for rows in _inside(stage))


@transaction.atomic
def pipeline_add(*, name: str) -> Funnel:
    """Another sales pipeline, with copies of the default one's stages."""
    default = Funnel.objects.get(kind=Funnel.Kind.SALES, is_default=True)
    taken = list(Funnel.objects.values_list("key", flat=True))
    if len(taken) >= 30:
        raise Refused("At most 30 funnels.", field="name")
    made = Funnel.objects.create(
        key=_key(name, taken), name=_named(name, 80), kind=Funnel.Kind.SALES, position=len(taken)
    )
    copies = list(default.stages.filter(is_active=True))
    for stage in copies:
        stage.pk, stage.funnel, stage._state.adding = None, made, True
    Stage.objects.bulk_create(copies)
    return made


@transaction.atomic
def funnel_rename(*, funnel: Funnel, revision: int, name: str) -> Funnel:
    """Another name; the key stays, as links and imports use it."""
    _revise(funnel, revision)
    funnel.name = _named(name, 80)
    funnel.save(update_fields=["name"])
    return funnel


@transaction.atomic
def pipeline_make_default(*, funnel: Funnel, revision: int) -> None:
    """From now on handoffs open their deals in this pipeline."""
    _revise(funnel, revision)
    if funnel.kind != Funnel.Kind.SALES:
        raise Refused("Only a sales pipeline can take handoffs.", field="pipeline")
    if not funnel.stages.filter(kind=Stage.Kind.OPEN, is_active=True).exists():
        raise Refused("It has no open stage.", field="pipeline")
    Funnel.objects.filter(kind=Funnel.Kind.SALES, is_default=True).update(is_default=False)
    Funnel.objects.filter(pk=funnel.pk).update(is_default=True)
