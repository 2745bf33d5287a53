"""Reads on payments."""

from __future__ import annotations

from collections.abc import Collection
from uuid import UUID

from handslag.domain.payments.models import Payment


def payments_of(cases: Collection[UUID]) -> list[Payment]:
    """The payments of these cases, newest pay day first."""
    return list(Payment.objects.select_related("period").filter(case_id__in=cases).order_by("-pay_on", "-id"))
