from django.apps import AppConfig


class AccountsConfig(AppConfig):
    name = "handslag.domain.accounts"
    label = "accounts"
