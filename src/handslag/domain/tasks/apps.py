from django.apps import AppConfig


class TasksConfig(AppConfig):
    name = "handslag.domain.tasks"
    label = "tasks"
