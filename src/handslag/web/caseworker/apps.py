from django.apps import AppConfig


class CaseworkerConfig(AppConfig):
    name = "handslag.web.caseworker"
    label = "web_caseworker"
