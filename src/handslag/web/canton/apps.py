from django.apps import AppConfig


class CantonConfig(AppConfig):
    name = "handslag.web.canton"
    label = "web_canton"
