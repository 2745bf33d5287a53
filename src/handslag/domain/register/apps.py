from django.apps import AppConfig


class RegisterConfig(AppConfig):
    name = "handslag.domain.register"
    label = "register"
