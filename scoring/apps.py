from django.apps import AppConfig
from django.db.models.signals import post_migrate


class ScoringConfig(AppConfig):
    name = "scoring"

    def ready(self) -> None:
        from scoring.services import seed

        post_migrate.connect(seed, sender=self, dispatch_uid="scoring.seed")
