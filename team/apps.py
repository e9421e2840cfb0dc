from django.apps import AppConfig


class TeamConfig(AppConfig):
    name = "team"

    def ready(self) -> None:
        from team import schema  # noqa: F401  (registers itself with the API documentation)
