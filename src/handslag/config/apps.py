from django.apps import AppConfig


class HandslagConfig(AppConfig):
    """Hands the table of reactions over when everything is loaded."""

    name = "handslag.config"
    label = "handslag_config"

    def ready(self) -> None:
        from handslag.config.logs import configure
        from handslag.config.reactions import TABLE
        from handslag.domain.audit.operations import hand_over

        configure()
        hand_over(TABLE)
