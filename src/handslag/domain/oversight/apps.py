from django.apps import AppConfig


class OversightConfig(AppConfig):
    name = "handslag.domain.oversight"
    label = "oversight"
