from django.apps import AppConfig


class EntryConfig(AppConfig):
    name = "handslag.web.entry"
    label = "web_entry"
