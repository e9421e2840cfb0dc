from django.apps import AppConfig
from django.db.models.signals import post_migrate


class DealsConfig(AppConfig):
    name = "deals"

    def ready(self) -> None:
        from deals.services import seed

        post_migrate.connect(seed, sender=self, dispatch_uid="deals.seed")
