"""`handslag sheet CASE.yaml`: calculate one case file and print its sheet."""

import json
from dataclasses import replace
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

app = typer.Typer(add_completion=False)


class Format(StrEnum):
    """How the sheet is printed."""

    text = "text"
    json = "json"
    html = "html"


class Language(StrEnum):
    """Language of the text."""

    sv = "sv"
    de = "de"
    fr = "fr"
    en = "en"


@app.command()
def sheet(
    case: Annotated[Path, typer.Argument(metavar="CASE.yaml", help="The case file.", show_default=False)],
    format: Annotated[Format, typer.Option(help="Text or a page for people, JSON for programs.")] = Format.text,
    lang: Annotated[
        Language | None, typer.Option(help="Language of the text; else the legal order's own.", show_default=False)
    ] = None,
    known_on: Annotated[
        datetime | None,
        typer.Option(
            formats=["%Y-%m-%d"],
            help="Norms and rules as known on that day; else on the day that the case says, else today.",
            show_default=False,
        ),
    ] = None,
    before: Annotated[
        Path | None,
        typer.Option(metavar="CASE.yaml", help="The month before, to compare with: text and page.", show_default=False),
    ] = None,
    tables: Annotated[
        list[Path] | None,
        typer.Option(
            metavar="NORMS.yaml",
            help="What a municipality or district sets, as its page of norms gives it; in place of what a case says.",
            show_default=False,
        ),
    ] = None,
) -> None:
    """Calculate a case file by the legal order that it names, and print the sheet.

    Exit code 1 with one message for each fault when the file can't be calculated; 2 when the file states
    an expected sheet and differs from the one calculated by all that is known for its day, also from a later day on.
    """
    from handslag.kernel import clock
    from handslag.rules.case_files import Case, CaseError, read
    from handslag.rules.facts import FactsError
    from handslag.rules.norms import NormError, NormMissing, by_name, load, not_yet_checked
    from handslag.rules.sheet import languages
    from handslag.rules.shown import changes_to_text, codes_to_text, shown, to_html

    try:
        found, earlier_case = read(case), read(before) if before else None
        lang_of_law = found.pack.LANGUAGE
        own = list(
            by_name(norm for path in tables or () for norm in load(_text(path), str(path), lang_of_law)).values()
        )
        if problems := not_yet_checked(own, clock.central_today()):
            raise NormError("\n".join(problems))
        found, earlier_case = found.with_tables(own), earlier_case.with_tables(own) if earlier_case else None
        today = known_on.date() if known_on else clock.central_today()

        def known(case: Case) -> Case:
            return replace(case, known_on=today) if known_on or case.known_on is None else case

        result = known(found).calculate()
        earlier = known(earlier_case).calculate() if earlier_case else None
    except FactsError as error:
        for problem in error.problems:
            typer.echo(problem, err=True)
        raise typer.Exit(1) from error
    except (CaseError, NormError, NormMissing, OSError) as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(1) from error
    if earlier is not None and earlier.pack != result.pack:
        typer.echo(f"{before} is of another pack ({earlier.pack}).", err=True)
        raise typer.Exit(1)
    spoken = languages(found.pack.PACK)
    if lang is not None and lang.value not in spoken:
        typer.echo(f"This sheet speaks {', '.join(spoken)}, not {lang.value}.", err=True)
        raise typer.Exit(1)
    if format is Format.json:
        typer.echo(json.dumps(result.to_json(), ensure_ascii=False, indent=2, sort_keys=True))
    else:
        told = shown(result, lang.value if lang else "", before=earlier, law_on=found.decided_on)
        if format is Format.html:
            typer.echo(to_html(told, result), nl=False)
        else:
            typer.echo(result.to_text(told.language), nl=False)
            typer.echo(f"\n{changes_to_text(told, result)}" if earlier else "", nl=False)
            typer.echo(f"\n{codes_to_text(told, result)}\n{told.notice}")
    if found.expected and found.expected != found.calculate().to_text():
        typer.echo("The sheet differs from the expected one in the file.", err=True)
        raise typer.Exit(2)


def _text(path: Path) -> str:
    from handslag.rules.norms import NormError
    from handslag.rules.yaml_files import YamlError, text_of

    try:
        return text_of(path)
    except YamlError as error:
        raise NormError(f"{path}: {error}") from error
