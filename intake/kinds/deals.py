"""Opportunities with their past: an imported deal stands in the ledger at the dates it was opened and closed."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from core.errors import Refused
from deals.models import Deal, Product
from deals.services import deals_rewritten
from funnels.models import Stage, Transition
from funnels.selectors import pipelines
from funnels.services import journey_chain, journey_move
from intake.errors import RowProblem
from intake.kinds.base import CREATED, UNCHANGED, UPDATED, Context, Field, Item, Kind, differing, near
from intake.kinds.companies import CompanyBook, companies_named
from intake.kinds.users import owner_finder
from intake.rules import key_fold, not_ahead, same_day

# What other systems call the stages -> ours. The mapping page and --stage change it.
STAGE_WORDS: dict[str, str] = {
    **dict.fromkeys(("prospecting", "new", "qualification", "qualified", "lead", "discovery"), "qualification"),
    **dict.fromkeys(("engaging", "demo", "presentation", "needs analysis", "meeting"), "demo"),
    **dict.fromkeys(("proposal", "quote", "negotiation", "offer", "contract sent"), "proposal"),
    **dict.fromkeys(("won", "closed won", "win", "signed"), "won"),
    **dict.fromkeys(("lost", "closed lost", "loss", "declined"), "lost"),
}


def stage_proposal(names: Sequence[str]) -> dict[str, str]:
    """A first proposal of file stage -> our stage key, '' where none fits."""
    known = stage_words()
    return {name: known.get(key_fold(name), "") for name in names}


def stage_words() -> dict[str, str]:
    """Every word for a stage that Baton knows, folded -> stage key."""
    known = {key_fold(word): key for word, key in STAGE_WORDS.items()}
    pipeline = pipelines().first()
    for stage in Stage.objects.filter(funnel=pipeline, is_active=True):
        known |= {key_fold(stage.name): stage.key, key_fold(stage.key): stage.key}
    return known


class Deals(Kind):
    name, label, roles = "deals", "Deals", ("manager",)
    help = "Import users, products and companies first, so that a deal finds its owner, product and account."
    fields = (
        Field("external_id", "Deal id", limit=100, names=("opportunity id", "id", "deal number"), content="unique"),
        Field("name", "Name", limit=160, names=("deal", "deal name", "opportunity", "opportunity name", "title")),
        Field("owner", "Owner", limit=254, names=("sales agent", "agent", "rep", "deal owner", "salesperson")),
        Field("product", "Product", limit=120, names=("product name", "item")),
        Field("company", "Company", limit=160, names=("account", "account name", "company name", "customer")),
        Field("stage", "Stage", limit=80, names=("deal stage", "status", "pipeline stage", "sales stage")),
        Field("created_at", "Opened on", "date", names=("engage date", "created", "opened", "open date")),
        Field("closed_at", "Closed on", "date", names=("close date", "closed", "closing date", "won date")),
        Field("amount", "Amount", "money", names=("close value", "value", "deal value", "deal amount", "revenue")),
        Field("currency", "Currency", limit=3, names=("cur",)),
        Field("next_step", "Next step", limit=200, names=("next action",)),
    )

    def mapping_problem(self, targets: set[str]) -> str:
        missing = [one for one in ("external_id", "stage") if one not in targets]
        return f"Say which column is the deal's {' and '.join(missing).replace('_', ' ')}." if missing else ""

    def keys(self, values: dict[str, Any]) -> list[str]:
        if not values.get("external_id"):
            raise RowProblem("A deal needs an id, so that importing it again finds it.", "external_id")
        return ["id:" + values["external_id"]]

    def write(self, items: Sequence[Item], context: Context) -> None:
        _Batch(items, context).run()


class _Batch:
    def __init__(self, items: Sequence[Item], context: Context) -> None:
        self.items, self.context = items, context
        pipeline = pipelines().first()
        if pipeline is None:
            raise Refused("There is no sales pipeline.")
        stages = Stage.objects.select_related("funnel").filter(funnel=pipeline, is_active=True).order_by("position")
        self.stages = {stage.key: stage for stage in stages}
        self.first = next(stage for stage in self.stages.values() if stage.is_open)
        self.words = stage_words() | {key_fold(word): key for word, key in context.options.get("stages", {}).items()}
        self.owners = owner_finder()
        self.products = {key_fold(row.name): row for row in Product.objects.order_by("-pk")}
        self.products |= {key_fold(row.sku): row for row in Product.objects.all()}
        named = [{"name": item.values["company"]} for item in items if item.values.get("company")]
        self.book = CompanyBook(companies_named(named))
        ids = [item.values["external_id"] for item in items]
        known = Deal.objects.filter(external_id__in=ids).select_related("stage__funnel", "lost_reason")
        self.known = {deal.external_id: deal for deal in known}
        self.linked = set(
            Deal.products.through.objects.filter(deal__in=self.known.values()).values_list("deal_id", "product_id")
        )
        self.fresh: list[tuple[Deal, list[tuple[Stage, datetime]]]] = []
        self.changed: list[Deal] = []
        self.links: list[tuple[Deal, Product]] = []

    def run(self) -> None:
        for item in self.items:
            try:
                item.outcome = self._take(item.values)
            except RowProblem as problem:
                item.problem = problem
            except Refused as refusal:
                item.problem = RowProblem(refusal.message, refusal.field)
        if not self.context.dry:
            self._write()

    def _take(self, values: dict[str, Any]) -> str:
        stage = self._stage(values.get("stage"))
        product = self._product(values.get("product"))
        wanted = self._wanted(values, product)
        opened, closed = self._dates(values, stage)
        known = self.known.get(values["external_id"])
        if known is not None:
            return self._again(known, wanted, product, stage, values)
        steps = [(self.first, opened)]
        if closed is not None or stage.pk != self.first.pk:
            steps.append((stage, closed or opened))
        deal = Deal(
            **{"name": values["external_id"], "currency": self.context.currency, **wanted},
            external_id=values["external_id"],
            created_at=opened,
            accepted_at=opened,
            closed_at=closed,
            stage=stage,
            stage_since=steps[-1][1],
            seq=len(steps),
        )
        self.fresh.append((deal, steps))
        if product is not None:
            self.links.append((deal, product))
        return CREATED

    def _stage(self, word: str | None) -> Stage:
        if not word:
            raise RowProblem("The stage is empty.", "stage")
        stage = self.stages.get(self.words.get(key_fold(word), ""))
        if stage is None:
            raise RowProblem(f"The stage {word!r} is not mapped to a stage of the pipeline.", "stage")
        return stage

    def _product(self, name: str | None) -> Product | None:
        if not name:
            return None
        found = self.products.get(key_fold(name))
        if found is None:
            close = near(name, [row.name for row in self.products.values()])
            raise RowProblem(f"There is no product {name!r}.{close} Import products first.", "product")
        if name not in (found.name, found.sku):
            self.context.notes[f"product {name!r} read as {found.name!r}"] += 1
        return found

    def _wanted(self, values: dict[str, Any], product: Product | None) -> dict[str, Any]:
        wanted = {name: values[name] for name in ("amount", "currency", "next_step") if values.get(name) is not None}
        if values.get("owner"):
            owner = self.owners.get(key_fold(values["owner"]))
            if owner is None:
                close = near(values["owner"], {user.name for user in self.owners.values()})
                raise RowProblem(f"Nobody here is {values['owner']!r}.{close} Import users first.", "owner")
            wanted["owner"] = owner
        if values.get("company"):
            company = self.book.find({"name": values["company"]})
            if company is None:
                raise RowProblem(f"There is no company {values['company']!r}. Import companies first.", "company")
            wanted["company"] = company
        parts = [product.name if product else "", values.get("company", "")]
        name = values.get("name") or " for ".join(part for part in parts if part)
        return {**wanted, "name": name[:160]} if name else wanted

    def _dates(self, values: dict[str, Any], stage: Stage) -> tuple[datetime, datetime | None]:
        now = self.context.now
        opened, closed = values.get("created_at"), values.get("closed_at")
        if not stage.is_open and closed is None:
            raise RowProblem(f"A deal that is {stage.name.lower()} needs the date it was closed.", "closed_at")
        if closed is not None and stage.is_open:
            closed = None
            self.context.notes["a closing date of an open deal was left out"] += 1
        if opened is None:
            opened = closed or now
            self.context.notes["no opening date: opened when it was closed, or at the import"] += 1
        opened = not_ahead(opened, now)
        closed = not_ahead(closed, now) if closed else None
        if closed and closed < opened:
            raise RowProblem("It was closed before it was opened.", "closed_at")
        return opened, closed

    def _again(
        self, deal: Deal, wanted: dict[str, Any], product: Product | None, stage: Stage, values: dict[str, Any]
    ) -> str:
        closed = values.get("closed_at") if not stage.is_open else None
        self._same_past(deal, values.get("created_at"), stage, closed)
        forward = deal.stage.is_open and (not stage.is_open or stage.position > deal.stage.position)
        if forward:
            moment = not_ahead(closed, self.context.now) if closed else self.context.now
            self._move(deal, stage, moment)
        elif stage.pk != deal.stage_id:
            self.context.notes["deals already further in Baton kept their stage"] += 1
        linked = product is not None and (deal.pk, product.pk) not in self.linked
        if product is not None and linked:
            self.links.append((deal, product))
        changed = differing(deal, wanted)
        for name, value in changed.items():
            setattr(deal, name, value)
        if changed:
            self.changed.append(deal)
        return UPDATED if changed or linked or forward else UNCHANGED

    @staticmethod
    def _same_past(deal: Deal, opened: datetime | None, stage: Stage, closed: datetime | None) -> None:
        """The ledger is never rewritten: a file that tells another past is refused."""
        ledger = "The ledger says it was"
        if opened is not None and not same_day(deal.created_at, opened):
            raise RowProblem(
                f"{ledger} opened on {deal.created_at:%Y-%m-%d}; the past is not rewritten.",
                "created_at",
            )
        if closed is not None and deal.closed_at is not None and not same_day(deal.closed_at, closed):
            raise RowProblem(f"{ledger} closed on {deal.closed_at:%Y-%m-%d}; the past is not rewritten.", "closed_at")
        if not deal.stage.is_open and not stage.is_open and stage.pk != deal.stage_id:
            raise RowProblem(f"It is already closed as {deal.stage.name}.", "stage")

    def _move(self, deal: Deal, stage: Stage, at: datetime) -> None:
        if at < deal.stage_since:
            raise RowProblem(
                f"It entered {deal.stage.name} on {deal.stage_since:%Y-%m-%d}, after that date.", "closed_at"
            )
        if self.context.dry:
            return
        journey_move([deal], kind=Transition.Kind.DEAL, to=stage, cause="imported", at=at)
        if not stage.is_open:
            deal.closed_at = at
            deal.save(update_fields=["closed_at"])

    def _write(self) -> None:
        Deal.objects.bulk_create([deal for deal, _ in self.fresh], batch_size=500)
        rows = [
            row
            for deal, steps in self.fresh
            for row in journey_chain(Transition.Kind.DEAL, deal.pk, steps, cause="imported")
        ]
        Transition.objects.bulk_create(rows, batch_size=2000)
        if self.changed:
            names = ["name", "owner", "company", "amount", "currency", "next_step"]
            Deal.objects.bulk_update(self.changed, names, batch_size=200)
            deals_rewritten(self.changed)
        link = Deal.products.through
        link.objects.bulk_create(
            [link(deal_id=deal.pk, product_id=product.pk) for deal, product in self.links],
            ignore_conflicts=True,
            batch_size=2000,
        )
