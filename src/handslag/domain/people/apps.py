from django.apps import AppConfig


class PeopleConfig(AppConfig):
    name = "handslag.domain.people"
    label = "people"
