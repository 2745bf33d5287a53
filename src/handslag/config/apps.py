from django.apps import AppConfig


class HandslagConfig(AppConfig):
    """Hands the tables of reactions and of what settings may be over when everything is loaded."""

    name = "handslag.config"
    label = "handslag_config"

    def ready(self) -> None:
        from handslag.config.choices import CHECKS
        from handslag.config.logs import configure
        from handslag.config.reactions import TABLE
        from handslag.domain.audit.operations import hand_over
        from handslag.domain.people.permissions import require_representation
        from handslag.domain.tenancy import policies

        configure()
        hand_over(TABLE, require_representation)
        policies.hand_over(CHECKS)
