from django.apps import AppConfig


class ElsewhereConfig(AppConfig):
    name = "handslag.domain.elsewhere"
    label = "elsewhere"
