from django.apps import AppConfig


class CitizenConfig(AppConfig):
    name = "handslag.web.citizen"
    label = "web_citizen"
