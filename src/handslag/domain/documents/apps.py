from django.apps import AppConfig


class DocumentsConfig(AppConfig):
    name = "handslag.domain.documents"
    label = "documents"
