"""The concept model: what the product knows of, chapter by chapter, and how it hangs together; from the models."""

from __future__ import annotations

import os
import re
from typing import Any

import django
from django.apps import apps
from django.db import models


def concepts() -> str:
    """A section per chapter with its diagram: each concept, what it is, what it refers to, which values it can take."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "handslag.config.settings")
    os.environ.setdefault("HANDSLAG_ROLE", "owner")
    django.setup()
    lines = [
        "# Concept model\n",
        "Everything that the product keeps, by chapter, in the order of a case: a later chapter refers to earlier",
        "ones, never the other way round. Each belongs to one organisation, unless it says otherwise. Words in other",
        "languages: [glossary](../glossary.md); what states follow each other: [states](states.md); every column with",
        "its class, purpose and retention: [data catalogue](data-catalogue.yaml).\n",
    ]
    for config in apps.get_app_configs():
        if not config.name.startswith("handslag.domain."):
            continue
        found = sorted(config.get_models(), key=lambda model: model.__name__)
        lines += [f"## {config.label}\n", *_diagram(found)]
        for model in found:
            lines += [f"### {_words(model.__name__)}\n", _said(model) + "\n"]
            lines += [*_references(model), *_values(model), ""]
    return "\n".join(lines)


def _words(name: str) -> str:
    return re.sub(r"(?<=[a-z])(?=[A-Z])", " ", name).lower().capitalize()


def _said(model: type[models.Model]) -> str:
    said = " ".join((model.__doc__ or "").split())
    return said if any(field.name == "tenant" for field in model._meta.fields) else f"{said} (Of the installation.)"


def _keys(model: type[models.Model]) -> list[Any]:
    return [field for field in model._meta.fields if field.many_to_one and field.name != "tenant"]


def _references(model: type[models.Model]) -> list[str]:
    return [
        f"- {field.name.replace('_', ' ')}: {'at most one ' if field.null else 'one '}"
        f"{_words(field.related_model.__name__).lower()} ({field.related_model._meta.app_label})"
        + (f"; {field.help_text}" if field.help_text else "")
        for field in _keys(model)
    ]


def _values(model: type[models.Model]) -> list[str]:
    return [
        f"- {field.name.replace('_', ' ')}: {', '.join(f'`{value}`' for value, _ in field.flatchoices)}"
        for field in model._meta.fields
        if field.flatchoices
    ]


def _diagram(found: list[type[models.Model]]) -> list[str]:
    lines = ["```mermaid", "erDiagram"]
    for model in found:
        lines.append(f"  {model.__name__} {{}}")
        for field in _keys(model):
            many = "|o" if field.null else "||"
            lines.append(f'  {model.__name__} }}o--{many} {field.related_model.__name__} : "{field.name}"')
    return [*lines, "```\n"]
