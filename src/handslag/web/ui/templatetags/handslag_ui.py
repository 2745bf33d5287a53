"""{% load handslag_ui %}: figures, days and names in templates."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime

from django import template
from django.forms import BaseForm
from django.utils.html import format_html
from django.utils.safestring import SafeString

from handslag.web.ui import formats

register = template.Library()


@register.filter
def kr(amount: int | None) -> str:
    """Öre as "4 390,00 kr"; nothing for None."""
    return "" if amount is None else formats.money(int(amount))


@register.filter
def money(amount: int | None, currency: str) -> str:
    """Minor units with their currency; nothing for None."""
    return "" if amount is None else formats.money(int(amount), currency)


@register.filter
def figure(amount: int | None) -> str:
    """Minor units without currency, for columns whose head names it; nothing for None."""
    return "" if amount is None else formats.figure(int(amount))


@register.filter
def figure_in(amount: int, currency: str) -> str:
    """Minor units of a currency that is named elsewhere, as its country writes them."""
    return formats.figure(amount, currency)


@register.filter
def change(amount: int | None) -> str:
    """A difference in öre with its sign; nothing for None."""
    return "" if amount is None else formats.change(int(amount))


@register.filter
def month(value: date | str | None) -> str:
    """A day or "2026-03" as "mars 2026"; nothing for None."""
    return formats.month(value) if value else ""


@register.filter
def day(value: date | str | None) -> str:
    """A day or moment as "25 mars 2026"; nothing for None."""
    return formats.day(value) if value else ""


@register.filter
def short_day(value: date | str | None) -> str:
    """A day or moment in figures: "2026-03-25", in German and French "25.03.2026"; nothing for None."""
    return formats.short_day(value) if value else ""


@register.filter
def moment(value: datetime | None) -> str:
    """A moment as "25 mars 2026, 14:05"; nothing for None."""
    return formats.moment(value) if value else ""


@register.filter
def isolate(text: object) -> SafeString:
    """A name or other foreign text, isolated so that its direction leaves its surroundings alone."""
    return format_html("<bdi>{}</bdi>", text)


@register.filter
def error_links(form: BaseForm | Iterable[tuple[str, str]] | None) -> list[tuple[str, str]]:
    """(id of the control, message) of each error, in the order of the page; pairs are passed through.

    The id is empty for errors of the whole form.
    """
    if not isinstance(form, BaseForm):
        return list(form or ())
    links = [("", str(message)) for message in form.non_field_errors()]
    for bound in form:
        target = bound.id_for_label or bound.auto_id
        if getattr(bound, "shape", "") == "choices":
            target = f"{bound.auto_id}_0"
        links += [(target, str(message)) for message in bound.errors]
    return links
