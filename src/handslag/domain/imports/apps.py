from django.apps import AppConfig


class ImportsConfig(AppConfig):
    name = "handslag.domain.imports"
    label = "imports"
