from django.apps import AppConfig


class UiConfig(AppConfig):
    name = "handslag.web.ui"
    label = "ui"
