from django.apps import AppConfig


class StatisticsConfig(AppConfig):
    name = "handslag.domain.statistics"
    label = "statistics"
