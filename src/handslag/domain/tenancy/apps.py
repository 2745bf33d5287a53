from django.apps import AppConfig


class TenancyConfig(AppConfig):
    name = "handslag.domain.tenancy"
    label = "tenancy"
