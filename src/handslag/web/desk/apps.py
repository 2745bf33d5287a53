from django.apps import AppConfig


class DeskConfig(AppConfig):
    name = "handslag.web.desk"
    label = "web_desk"
