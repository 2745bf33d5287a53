"""How the open interfaces say that something can't be done: a problem in JSON (RFC 9457), never a page for people."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

import msgspec
from django.http import HttpRequest, HttpResponse


class Problem(msgspec.Struct, kw_only=True):
    """Why there is no answer (RFC 9457), in the language of the answer (the header Content-Language).

    `problems`: each names its place in what was sent, a colon, and what is expected there:
    `facts.members[0].birth_on: not yet born`. Without a place it is about the whole.
    """

    type: str = "about:blank"
    title: str
    status: int
    problems: list[str]


class CodedProblem(msgspec.Struct, kw_only=True):
    """Why another machine's message isn't taken (RFC 9457); `code` as in receipts."""

    type: str = "about:blank"
    title: str
    status: int
    code: str


def problem(status: int, title: str, *problems: str, lang: str = "en") -> HttpResponse:
    """The answer with `status` for what `title` says in one sentence, in the language `lang`."""
    answer = _answer(Problem(title=title, status=status, problems=list(problems)))
    answer.headers["Content-Language"] = lang
    return answer


def coded_problem(status: int, title: str, code: str) -> HttpResponse:
    """The same for another machine, which acts by the `code`."""
    return _answer(CodedProblem(title=title, status=status, code=code))


def _answer(told: Problem | CodedProblem) -> HttpResponse:
    return HttpResponse(msgspec.json.encode(told), status=told.status, content_type="application/problem+json")


def refused(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """400: what was sent can't be taken."""
    return problem(400, "The request can't be read.")


def not_found(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """404: nothing is at this address."""
    return problem(404, "There is nothing at this address.")


def broken(request: HttpRequest) -> HttpResponse:
    """500: our mistake."""
    return problem(500, "The mistake is ours and it has been noted.")


def only(method: str) -> Callable[[Callable[..., HttpResponse]], Callable[..., HttpResponse]]:
    """For a view that takes one method: 405 with that one's name for any other."""

    def around(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
        @wraps(view)
        def taken(request: HttpRequest, *arguments: Any, **named: Any) -> HttpResponse:
            if request.method == method:
                return view(request, *arguments, **named)
            answer = problem(405, f"This address takes {method} only.")
            answer.headers["Allow"] = method
            return answer

        return taken

    return around
