from django.apps import AppConfig


class PaymentsConfig(AppConfig):
    name = "handslag.domain.payments"
    label = "payments"
