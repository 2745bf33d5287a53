from django.apps import AppConfig


class FundingConfig(AppConfig):
    name = "handslag.domain.funding"
    label = "funding"
