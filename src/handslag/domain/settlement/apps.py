from django.apps import AppConfig


class SettlementConfig(AppConfig):
    name = "handslag.domain.settlement"
    label = "settlement"
