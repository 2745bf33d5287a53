from django.apps import AppConfig


class CasefileConfig(AppConfig):
    name = "handslag.domain.casefile"
    label = "casefile"
