from django.apps import AppConfig


class IntakeConfig(AppConfig):
    name = "handslag.domain.intake"
    label = "intake"
