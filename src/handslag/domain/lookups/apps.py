from django.apps import AppConfig


class LookupsConfig(AppConfig):
    name = "handslag.domain.lookups"
    label = "lookups"
