from django.apps import AppConfig


class PartnerConfig(AppConfig):
    name = "handslag.web.partner"
    label = "web_partner"
