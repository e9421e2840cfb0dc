from django.apps import AppConfig
from django.db.models.signals import post_migrate


class HandoffConfig(AppConfig):
    name = "handoff"

    def ready(self) -> None:
        from handoff.seeds import seed

        post_migrate.connect(seed, sender=self, dispatch_uid="handoff.seed")
