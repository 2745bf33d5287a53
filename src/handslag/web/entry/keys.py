"""The keys that an organisation publishes, for whoever checks off-line what it signed."""

from __future__ import annotations

import json

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.http import require_safe

from handslag.connectors.exchange.gate import own_file
from handslag.domain.exchange.queries import own_address
from handslag.domain.tenancy.models import TenantKeyRow
from handslag.kernel import clock
from handslag.web.entry.pages import open_page


@require_safe
@open_page("public keys")
def keys(request: HttpRequest, tenant: str) -> HttpResponse:
    """The organisation's public signing keys (RFC 7517), with the moments from and until which they were used; `signed`
    is its key file, which each of them vouches for."""
    rows = TenantKeyRow.objects.filter(use="signing").order_by("since")
    return JsonResponse(
        {
            "organisation": own_address(),
            "keys": [
                {
                    **(row.public_jwk or {}),
                    "since": row.since.isoformat(timespec="seconds"),
                    "until": row.until.isoformat(timespec="seconds") if row.until else None,
                }
                for row in rows
            ],
            "signed": json.loads(own_file(clock.now())),
        }
    )
