from django.apps import AppConfig
from django.db.models.signals import post_migrate


class FunnelsConfig(AppConfig):
    name = "funnels"

    def ready(self) -> None:
        from funnels.services import seed

        post_migrate.connect(seed, sender=self, dispatch_uid="funnels.seed")
