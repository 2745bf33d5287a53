"""Sessions in the database, read and written through the door at_large, each naming the account it belongs to."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.contrib.sessions.backends import db
from django.contrib.sessions.middleware import SessionMiddleware
from django.http import HttpRequest, HttpResponse

from handslag.domain.tenancy.door import at_large
from handslag.domain.tenancy.models import Session
from handslag.web.entry.faults import AWAY, away


class SessionStore(db.SessionStore):
    """Django's database sessions behind our door. The table is installation-wide and holds ids only."""

    @classmethod
    def get_model_class(cls) -> type[Session]:
        return Session

    def create_model_instance(self, data: dict[str, Any]) -> Session:
        row: Session = super().create_model_instance(data)  # type: ignore[assignment]
        account = data.get("_auth_user_id") or data.get("citizen", {}).get("login")
        row.account = UUID(str(account)) if account else None
        return row

    def load(self) -> dict[str, Any]:
        with at_large("session"):
            return super().load()

    def exists(self, session_key: str) -> bool:
        with at_large("session"):
            return super().exists(session_key)

    def save(self, must_create: bool = False) -> None:
        with at_large("session", writing=True):
            super().save(must_create)

    def delete(self, session_key: str | None = None) -> None:
        with at_large("session", writing=True):
            super().delete(session_key)


class Sessions(SessionMiddleware):
    """Load the session before any door opens; save it when the request's door is closed."""

    def process_request(self, request: HttpRequest) -> HttpResponse | None:  # type: ignore[override]
        super().process_request(request)
        try:
            if request.session.session_key:
                request.session._get_session()  # type: ignore[attr-defined]
        except AWAY as trouble:
            return away(request, trouble)
        return None

    def process_response(self, request: HttpRequest, response: HttpResponse) -> HttpResponse:
        if getattr(request, "away", False) or not hasattr(request, "session"):
            return response
        try:
            return super().process_response(request, response)
        except AWAY as trouble:
            return away(request, trouble)
