from django.apps import AppConfig


class ExchangeConfig(AppConfig):
    name = "handslag.domain.exchange"
    label = "exchange"
