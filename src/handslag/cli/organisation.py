"""`handslag organisation`: what the installation itself does for an organisation, before anybody can log in."""

import json
import os
import re
import secrets
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Annotated, Any
from uuid import UUID
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import typer
import yaml

from handslag.cli.errors import told_plainly
from handslag.ops.installation import acting_as

app = typer.Typer(add_completion=False, no_args_is_help=True)


@contextmanager
def _playing(role: str) -> Iterator[None]:
    """Play a role; what is wrong with the arguments is told as one line."""
    with told_plainly(), acting_as(role):
        from django.db import IntegrityError

        from handslag.domain.tenancy.door import UnknownTenant

        try:
            yield
        except UnknownTenant as error:
            sys.exit(f"There is no organisation {error}: handslag organisation add {error} ...")
        except IntegrityError as error:
            sys.exit(_why_not(error))
        except ValueError as error:
            sys.exit(str(error))


def _why_not(error: Exception) -> str:
    """What the database refuses, in words."""
    diag = getattr(error.__cause__, "diag", None)
    said = re.match(r"Key \((.*)\)=\((.*)\) already exists", getattr(diag, "message_detail", "") or "")
    if said is None:
        return f"A value can't be: it breaks the rule {getattr(diag, 'constraint_name', None) or 'of its column'}."
    pairs = zip(said[1].split(", "), said[2].split(", "), strict=False)
    return f"There is one already with {', '.join(f'{name} {value}' for name, value in pairs)}."


Slug = Annotated[str, typer.Argument(help="Short name: it stands in every address.")]


@app.command()
def add(
    slug: Slug,
    name: Annotated[str, typer.Option(help="The name in letters.")],
    code: Annotated[str, typer.Option(help="Its code outside: kommunkod, BFS number, AGS ...")],
    code_type: Annotated[str, typer.Option()] = "kommunkod",
    kind: Annotated[str, typer.Option()] = "municipality",
    country: Annotated[str, typer.Option()] = "SE",
    currency: Annotated[str, typer.Option()] = "SEK",
    zone: Annotated[str, typer.Option()] = "Europe/Stockholm",
    language: Annotated[list[str] | None, typer.Option(help="First the office's own; repeat for more.")] = None,
    unit: Annotated[list[str] | None, typer.Option(help="A unit; repeat for more.")] = None,
    training: Annotated[
        bool, typer.Option("--training", help="For training: invented people, nothing leaves it, can be reset.")
    ] = False,
) -> None:
    """Enter an organisation that is responsible for data of its own, with its keys and units. The same command again
    goes on where it was interrupted."""
    role = os.environ.get("HANDSLAG_STEP_ROLE", "owner")
    units = unit or ["Försörjningsstöd"]
    if len(set(units)) < len(units):
        sys.exit("Each unit once.")
    if training and (unit or country != "SE" or kind != "municipality"):
        sys.exit("--training: a Swedish municipality with the demonstration's units.")
    with _playing(role):
        if role == "owner":
            from handslag.domain.tenancy.models import TRAINING_NAME, Organisation

            if training:
                name = name if name.startswith(TRAINING_NAME) else TRAINING_NAME + name
            told = {
                "training": training, "name": name, "code": code, "code_type": code_type, "kind": kind,
                "country": country, "currency": currency, "zone": zone, "languages": language or ["sv", "en"],
                "is_tenant": True,
            }  # fmt: skip
            _checked(Organisation(slug=slug, **told))
            found, _ = Organisation.objects.get_or_create(slug=slug, defaults=told)
            if other := [what for what, value in told.items() if getattr(found, what) != value]:
                sys.exit(f"{slug} is there already, with other facts: {', '.join(other)}.")
            # The directory is the owner's to write, all the rest is an operation: one process plays one role.
            os.environ |= {"HANDSLAG_STEP_ROLE": "web", "HANDSLAG_ROLE": "web"}
            os.execv(sys.executable, [sys.executable, "-m", "handslag.cli.main", *sys.argv[1:]])
        from handslag.domain.people.operations.staff import open_organisation
        from handslag.domain.tenancy.door import system
        from handslag.domain.tenancy.policies import NotPossible
        from handslag.kernel import clock

        try:
            if training:
                from handslag.demo.training import fill

                fill(slug, clock.now())
                print(f"{name} is open for training, with its invented staff. In production give each a password:")
                print(f"handslag organisation reset-password {slug} alva@{slug}.example")
                return
            open_organisation(tenant=slug, by=system("installation"), now=clock.now(), units=units)
        except NotPossible:
            sys.exit(f"{slug} is there already.")
    print(f"{name} is open. Units: {', '.join(units)}. Next: handslag organisation staff {slug} ...")


#: The steps of a reset, each a process in the role that may do it.
_STEPS = {"worker": "eraser", "eraser": "web"}


@app.command()
def reset(
    slug: Slug, asked_by: Annotated[str, typer.Option(help="Who asked for it, as its log says.")] = "installation"
) -> None:
    """Empty an organisation for training and fill it anew with its invented people; whoever else was admitted there
    stays. Refused for every other organisation. The same command again goes on where it was interrupted."""
    role = os.environ.get("HANDSLAG_STEP_ROLE", "worker")
    with _playing(role):
        from handslag.demo import training
        from handslag.domain.tenancy.policies import NotPossible
        from handslag.kernel import clock

        try:
            if role == "worker":
                os.environ["HANDSLAG_RESET"] = json.dumps(training.before(slug))
            elif role == "eraser":
                os.environ["HANDSLAG_RESET_ROWS"] = str(training.erase(slug))
            else:
                known, rows = json.loads(os.environ["HANDSLAG_RESET"]), int(os.environ["HANDSLAG_RESET_ROWS"])
                training.after(slug, clock.now(), known, rows, asked_by)
        except NotPossible:
            sys.exit(f"{slug} is no organisation for training: nothing of it is ever deleted.")
        if role in _STEPS:
            os.environ |= {"HANDSLAG_STEP_ROLE": _STEPS[role], "HANDSLAG_ROLE": _STEPS[role]}
            os.execv(sys.executable, [sys.executable, "-m", "handslag.cli.main", *sys.argv[1:]])
    print(f"{slug} is as it was when it was opened.")


def _checked(organisation: Any) -> None:
    """Ends with what is wrong with the facts of an organisation."""
    from django.core.exceptions import ValidationError
    from django.utils.translation import override

    try:
        organisation.clean_fields(exclude=["address_lines"])
        ZoneInfo(organisation.zone)
    except ValidationError as error:
        with override("en"):  # as all that commands say
            sys.exit("; ".join(f"{name}: {' '.join(texts)}" for name, texts in error.message_dict.items()))
    except (ZoneInfoNotFoundError, ValueError):
        sys.exit(f"zone: there is no {organisation.zone!r}.")


@app.command()
def relate(
    slug: Slug,
    kind: Annotated[str, typer.Argument(help="takes_norms_from, decides_for, works_cases_for, hears_objections_of")],
    other: Annotated[str, typer.Argument(help="Short name of the other organisation.")],
    since: Annotated[datetime, typer.Option(formats=["%Y-%m-%d"], help="First day.")],
    until: Annotated[datetime | None, typer.Option(formats=["%Y-%m-%d"], help="First day no longer.")] = None,
) -> None:
    """Enter what one organisation does for another, from a day on."""
    with _playing("owner"):
        from handslag.domain.people.operations.staff import enter_relation
        from handslag.domain.tenancy.door import system
        from handslag.domain.tenancy.policies import NotPossible
        from handslag.kernel import clock

        try:
            enter_relation(
                tenant=slug, by=system("installation"), now=clock.now(), kind=kind, other=other, since=since.date(),
                until=until.date() if until else None,
            )  # fmt: skip
        except NotPossible as refused:
            unknown = refused.code == "no such organisation"
            sys.exit(f"There is no organisation {other}." if unknown else "The last day lies before the first.")
    print(f"{slug} {kind} {other} since {since.date()}")


@app.command()
def staff(
    slug: Slug,
    email: Annotated[str, typer.Argument(help="Her log-in name.")],
    name: Annotated[str, typer.Argument(help="Her name as letters show it.")],
    role: Annotated[list[str], typer.Option(help="registrar, caseworker, decider, payer, administrator, reviewer")],
    unit: Annotated[str, typer.Option()] = "Försörjningsstöd",
    clearance: Annotated[int, typer.Option(help="Highest protection level she may see.", min=0, max=3)] = 0,
) -> None:
    """Admit a member of staff. Her first password is printed once; at log-in she registers one-time codes."""
    with _playing("web"):
        from django.core.exceptions import ValidationError
        from django.core.validators import validate_email

        from handslag.domain.people.operations.staff import admit_staff
        from handslag.domain.tenancy.door import acting, at_large, system
        from handslag.domain.tenancy.models import StaffUser, Unit
        from handslag.domain.tenancy.policies import NotPossible
        from handslag.kernel import clock

        by, password = system("installation"), ""
        _known(role)
        try:
            validate_email(email)
        except ValidationError:
            sys.exit(f"{email} is no e-mail address.")
        with acting(slug, by, "admit staff"):
            units: dict[str, UUID] = dict(Unit.objects.values_list("name", "id"))
        if unit not in units:
            sys.exit(f"{slug} has no unit {unit!r}; it has {', '.join(sorted(units)) or 'none'}.")
        with at_large("admit staff", writing=True):
            user = StaffUser.objects.filter(email=email.lower()).first()
            if user is None:
                password = secrets.token_urlsafe(15)
                user = StaffUser(email=email.lower())
                user.set_password(password)
                user.save()
        try:
            admit_staff(
                tenant=slug, by=by, now=clock.now(), user_id=user.id, name=name, unit=units[unit], roles=role,
                clearance=clearance,
            )  # fmt: skip
        except NotPossible:
            sys.exit(
                f"{email} is there already. For a further role: handslag organisation give-role {slug} {email} "
                + " ".join(f"--role {one}" for one in role)
            )
    print(f"{email} is admitted." + (f" First password: {password}" if password else ""))


def _known(roles: list[str]) -> None:
    from handslag.domain.tenancy.states import Role

    if wrong := set(roles) - set(Role.values):
        sys.exit(f"There is no role {', '.join(sorted(wrong))}; there are {', '.join(Role.values)}.")


def _member(slug: str, email: str, purpose: str) -> Any:
    """The member of staff with that log-in name; ends with a line where there is none."""
    from handslag.domain.tenancy.door import acting, at_large, system
    from handslag.domain.tenancy.models import StaffMember, StaffUser

    with at_large(purpose):
        user = StaffUser.objects.filter(email=email.lower()).first()
    with acting(slug, system("installation"), purpose):
        member = StaffMember.objects.filter(user_id=user.id, active=True).first() if user else None
    if member is None:
        sys.exit(f"{slug} has no member of staff {email}.")
    return member


@app.command(name="set")
def set_(
    slug: Slug,
    name: Annotated[str, typer.Argument(help="The setting, as in domain/tenancy/policies.py.")],
    value: Annotated[str, typer.Argument(help="As YAML: 500000, true, {kind: bankgiro, number: 5050-1055}.")],
) -> None:
    """Change a setting that operations obey."""
    with _playing("web"):
        from handslag.domain.people.operations.staff import set_policy
        from handslag.domain.tenancy.door import system
        from handslag.domain.tenancy.policies import NotPossible
        from handslag.kernel import clock

        try:
            told = yaml.safe_load(value) if value else ""
        except yaml.YAMLError:
            sys.exit(f"{name}: the value is no YAML.")
        try:
            set_policy(tenant=slug, by=system("installation"), now=clock.now(), name=name, value=told)
        except NotPossible as refused:
            if refused.code == "training":
                sys.exit(f"{slug} is for training: nothing leaves it, so {name} stays as it is.")
            if refused.code == "demonstration":
                sys.exit(f"{slug} is a demonstration and stays one: an organisation for real people is added anew.")
            sys.exit(
                "This database is in production: it doesn't become a demonstration."
                if name == "demonstration"
                else "This database is in production: an e-ID is reached by https, and not on this machine."
            )
    print(f"{slug}: {name} = {value}")


@app.command(name="give-role")
def give_role_(
    slug: Slug,
    email: Annotated[str, typer.Argument(help="Her log-in name.")],
    role: Annotated[list[str], typer.Option(help="The role to give; repeat for more.")],
) -> None:
    """Give roles to a member of staff who is there already, also such as were taken before."""
    with _playing("web"):
        from handslag.domain.people.operations.staff import give_role
        from handslag.domain.tenancy.door import system
        from handslag.domain.tenancy.policies import NotPossible
        from handslag.kernel import clock

        _known(role)
        member = _member(slug, email, "give a role")
        for one in role:
            try:
                give_role(tenant=slug, by=system("installation"), now=clock.now(), member=member.id, role=one)
            except NotPossible:
                sys.exit(f"{email} is {one} at {slug} already.")
    print(f"{email} is {', '.join(role)} at {slug} from today on.")


@app.command(name="take-role")
def take_role_(
    slug: Slug,
    email: Annotated[str, typer.Argument(help="Her log-in name.")],
    role: Annotated[list[str], typer.Option(help="The role to take; repeat for more.")],
) -> None:
    """Take roles from a member of staff. Her sessions end at once."""
    with _playing("web"):
        from handslag.domain.people.operations.staff import take_role
        from handslag.domain.tenancy.door import system
        from handslag.domain.tenancy.policies import NotPossible
        from handslag.kernel import clock

        member = _member(slug, email, "take a role")
        for one in role:
            try:
                take_role(tenant=slug, by=system("installation"), now=clock.now(), member=member.id, role=one)
            except NotPossible:
                sys.exit(f"{email} is no {one} at {slug}.")
    print(f"{email} no longer is {', '.join(role)} at {slug}; her sessions have ended.")


@app.command(name="grant-unchanged")
def grant_unchanged_(slug: Slug) -> None:
    """Grant in full, without a person, the unchanged renewals that wait: only where two administrators have entered
    that delegation and confirmed it. Whatever deviates is left to a person, untouched, and tried again when something
    has changed in it, or the next day. The worker runs it every ten minutes."""
    with _playing("web"):
        from handslag.domain.decisions.operations.automated import (
            grant_unchanged,
            leave_to_person,
            may_be_unchanged,
        )
        from handslag.domain.tenancy.door import acting, system
        from handslag.domain.tenancy.policies import NotPossible
        from handslag.kernel import clock

        by, granted = system("automated grants"), 0
        with acting(slug, by, "automated grants"):
            waiting = may_be_unchanged(clock.now())
        for period, state in waiting.items():
            try:
                grant_unchanged(tenant=slug, by=by, now=clock.now(), period=period)
                granted += 1
            except NotPossible:
                leave_to_person(tenant=slug, by=by, now=clock.now(), period=period, state=state)
    print(f"{granted} granted, {len(waiting) - granted} left to a person.")


@app.command(name="reset-password")
def reset_password(
    slug: Slug,
    email: Annotated[str, typer.Argument(help="Her log-in name.")],
    factors: Annotated[bool, typer.Option(help="Take her one-time code, passkeys and recovery codes too.")] = False,
) -> None:
    """Print a link, good once and for one hour, by which a member of staff sets a new password. Give it to her in
    person: it is never mailed. Her old password opens nothing and her sessions end at once."""
    with _playing("web"):
        from allauth.mfa.models import Authenticator

        from handslag.domain.people.operations.staff import reset_log_in
        from handslag.domain.tenancy.door import at_large, system
        from handslag.kernel import clock
        from handslag.web.entry.staff import password_link

        member = _member(slug, email, "reset a password")
        user = reset_log_in(tenant=slug, by=system("installation"), now=clock.now(), member=member.id)
        with at_large("reset a password", writing=True):
            if factors:
                Authenticator.objects.filter(user=user).delete()
            link = password_link(user)
    print(link)
