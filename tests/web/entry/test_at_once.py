"""Two requests at the same moment of which one is refused by the database: told plainly, and nothing typed is lost."""

from __future__ import annotations

import pytest
from django.db import IntegrityError
from django.http import HttpResponse
from django.test import RequestFactory
from psycopg.errors import CheckViolation, UniqueViolation

from handslag.web.entry.pages import _refusals_told


def _refused(cause: type[Exception], method: str) -> HttpResponse:
    request = getattr(RequestFactory(), method)("/lindhaga/people/new/", {"family_name": "Åkesson <b>"})
    request.site = {}

    def view() -> HttpResponse:
        raise IntegrityError from cause()

    return _refusals_told(request, view)


def test_what_was_typed_comes_back_and_other_faults_stay_faults() -> None:
    answer = _refused(UniqueViolation, "post")
    assert answer.status_code == 409
    assert "Åkesson &lt;b&gt;" in answer.content.decode()
    for cause, method in ((CheckViolation, "post"), (UniqueViolation, "get")):
        with pytest.raises(IntegrityError):
            _refused(cause, method)
