from django.apps import AppConfig


class DecisionsConfig(AppConfig):
    name = "handslag.domain.decisions"
    label = "decisions"
