from django.apps import AppConfig


class EntitlementConfig(AppConfig):
    name = "handslag.domain.entitlement"
    label = "entitlement"
