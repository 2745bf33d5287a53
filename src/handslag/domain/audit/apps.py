from django.apps import AppConfig


class AuditConfig(AppConfig):
    name = "handslag.domain.audit"
    label = "audit"
