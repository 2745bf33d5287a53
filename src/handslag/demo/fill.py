"""Fill the demonstration: organisations as the owner, everything else through the operations, as role web."""

from __future__ import annotations

from datetime import datetime, timedelta
from functools import cache
from typing import Any
from uuid import UUID

from django.conf import settings
from django.contrib.auth.hashers import make_password

from handslag.demo.log_ins import PASSWORD, STAFF, TOTP_SECRET, DemoStaff, address_of
from handslag.domain.casefile.operations import open_case
from handslag.domain.people.operations.persons import NewPerson, form_household, register_person
from handslag.domain.people.operations.staff import admit_staff, open_organisation, set_policy
from handslag.domain.tenancy.door import Actor, acting, at_large, system
from handslag.domain.tenancy.models import Organisation, StaffMember, StaffUser
from handslag.kernel.months import Month

BY = system("demonstration")
ORGANISATIONS: tuple[dict[str, Any], ...] = (
    {
        "slug": "lindhaga",
        "name": "Lindhaga kommun",
        "kind": "municipality",
        "country": "SE",
        "currency": "SEK",
        "zone": "Europe/Stockholm",
        "languages": ["sv", "en", "ar"],
        "code_type": "kommunkod",
        "code": "9901",
        "colour": "#1f5c7a",
        "is_tenant": True,
        "telephone": "010-000 10 00",
        "address_lines": ["Socialnämnden", "Storgatan 1", "990 01 Lindhaga"],
    },
    {
        "slug": "bergvik",
        "name": "Bergviks kommun",
        "kind": "municipality",
        "country": "SE",
        "currency": "SEK",
        "zone": "Europe/Stockholm",
        "languages": ["sv", "en"],
        "code_type": "kommunkod",
        "code": "9902",
        "colour": "#7a3f1f",
        "is_tenant": True,
        "telephone": "010-000 20 00",
        "address_lines": ["Arbets- och socialnämnden", "Kyrkogatan 4", "990 02 Bergvik"],
    },
    {
        "slug": "kanton",
        "name": "Kanton Musterau, Sozialamt",
        "kind": "canton_office",
        "country": "CH",
        "currency": "CHF",
        "zone": "Europe/Zurich",
        "languages": ["de", "fr", "en"],
        "code_type": "kanton",
        "code": "99",
        "colour": "#7a1f3d",
        "is_tenant": True,
    },
    *(
        {
            "slug": slug,
            "name": name,
            "kind": "municipality",
            "country": "CH",
            "currency": "CHF",
            "zone": "Europe/Zurich",
            "languages": ["de", "fr", "en"],
            "code_type": "bfs",
            "code": code,
            "colour": "#3d5c1f",
            "is_tenant": True,
        }
        for slug, name, code in (
            ("musterwil", "Gemeinde Musterwil", "9911"),
            ("beispielen", "Gemeinde Beispielen", "9912"),
        )
    ),
    {
        "slug": "riket",
        "name": "Den invalda centralmyndigheten",
        "kind": "authority",
        "country": "SE",
        "currency": "SEK",
        "zone": "Europe/Stockholm",
        "languages": ["sv"],
        "code_type": "orgnr",
        "code": "202100-0000",
        "is_tenant": False,
    },
)


#: Who works in a Swiss office of the demonstration.
SWISS_STAFF = ("rut", "hanna", "bo", "ulla", "erik", "alva")


def organisations() -> None:
    """The directory's entries. Runs as the owner: no role of the running product writes the directory."""
    for entry in ORGANISATIONS:
        Organisation.objects.update_or_create(slug=entry["slug"], defaults=entry)


def numbers(birth: str, serial: int) -> str:
    """An invented personnummer for a birth day (`19900615`): serials 980-999 are set aside for tests."""
    body = f"{birth[2:]}{serial:03d}"
    total = sum(sum(divmod(int(c) * (2 - i % 2), 10)) for i, c in enumerate(body))
    return f"{birth}{serial:03d}{-total % 10}"


@cache
def _password() -> str:
    """What is kept of the log-ins' one password. A hash takes a third of a second: once is enough for all."""
    return make_password(PASSWORD)


def staff_user(login: str, organisation: str) -> tuple[UUID, str]:
    """A staff log-in with password and one-time code, made if it isn't there."""
    from allauth.mfa.adapter import get_adapter
    from allauth.mfa.models import Authenticator

    email = address_of(login, organisation)
    user = StaffUser.objects.filter(email=email).first()
    if user is None:
        user = StaffUser.objects.create(email=email, password=_password())
        Authenticator.objects.create(user=user, type="totp", data={"secret": get_adapter().encrypt(TOTP_SECRET)})
    return user.id, email


def fill(now: datetime) -> dict[str, Any]:
    """Fill what is missing; gives addresses and log-ins to print. Runs as role web, after `organisations()`."""
    logins: list[dict[str, str]] = []
    for entry in ORGANISATIONS:
        if entry["is_tenant"] and entry["country"] == "SE":
            logins += _fill_tenant(entry["slug"], now)
        elif entry["is_tenant"]:
            logins += _fill_swiss(entry["slug"], now)
    slugs = [entry["slug"] for entry in ORGANISATIONS if entry["is_tenant"] and entry["country"] == "SE"]
    return {
        "addresses": [
            *(f"{settings.APPLY_ORIGIN}/{slug}/   apply ({slug})" for slug in slugs),
            f"{settings.DESK_ORIGIN}/   staff",
            f"{settings.EID_ISSUER}/   development e-ID",
        ],
        "logins": logins,
    }


def eid_people() -> list[dict[str, str]]:
    """The adults who can log in by the development e-ID, as its list of people wants them."""
    return [
        {
            "number": numbers(birth, serial + _shift(entry["slug"])),
            "given_name": given,
            "family_name": family,
            "note": entry["name"],
        }
        for entry in ORGANISATIONS
        if entry["is_tenant"] and entry["country"] == "SE"
        for household in HOUSEHOLDS
        for given, family, birth, serial, role, _ in household
        if role == "adult"
    ]


#: What the demonstration's organisations are told besides `organisation_number`.
_SETTINGS: tuple[tuple[str, Any], ...] = (
    ("demonstration", True),
    ("authorities_asked", ["AF", "CSN", "FK", "PM", "SKV", "SO"]),
    ("lefi_actor", "9000"),
    ("debtor_account", {"kind": "bankgiro", "number": "5050-1055"}),
)


#: The same of its Swiss ones: an invented canton has Zurich's layer of norms, and an example of an account.
_SWISS_SETTINGS: tuple[tuple[str, Any], ...] = (
    ("demonstration", True),
    ("canton", "ZH"),
    ("application_forms", {"new": "ch.support", "renewal": "ch.support", "supplementary": "ch.support"}),
    ("debtor_account", {"kind": "iban", "number": "CH5604835012345678009"}),
)


def _fill_tenant(slug: str, now: datetime) -> list[dict[str, str]]:
    with at_large("demonstration", writing=True):
        users = {s.login: staff_user(s.login, slug)[0] for s in STAFF}
    with acting(slug, BY, "is it filled"):
        filled = StaffMember.objects.exists()
    if not filled:
        fill_tenant(slug, now, users, _SETTINGS)
    citizens = [
        {
            "who": f"{given} {family}",
            "where": f"apply, {slug}",
            "how": f"e-ID, {numbers(birth, serial + _shift(slug))}" + (" (protected: no e-service)" if level else ""),
        }
        for household in HOUSEHOLDS
        for given, family, birth, serial, role, level in household
        if role == "adult"
    ]
    return citizens + [_log_in(one, slug) for one in STAFF]


def _fill_swiss(slug: str, now: datetime) -> list[dict[str, str]]:
    """A Swiss office with those who assign people and take them; whom it knows comes by its own forms."""
    unit, staff = "Asyl", [one for one in STAFF if one.login in SWISS_STAFF]
    with at_large("demonstration", writing=True):
        users = {one.login: staff_user(one.login, slug) for one in staff}
    with acting(slug, BY, "is it filled"):
        filled = StaffMember.objects.exists()
    if not filled:
        units = open_organisation(tenant=slug, by=BY, now=now, units=[unit])
        for name, value in _SWISS_SETTINGS:
            set_policy(tenant=slug, by=BY, now=now, name=name, value=value)
        for one in staff:
            admit_staff(
                tenant=slug, by=BY, now=now, user_id=users[one.login][0], name=one.name, unit=units[unit],
                roles=list(one.roles), clearance=one.clearance,
            )  # fmt: skip
    return [_log_in(one, slug) for one in staff]


def _log_in(one: DemoStaff, slug: str) -> dict[str, str]:
    """How a member of staff logs in, for the list that is printed."""
    return {
        "who": f"{one.name} ({', '.join(one.roles)})",
        "where": f"desk, {slug}",
        "how": f"{address_of(one.login, slug)}, {PASSWORD}, one-time code: handslag demo --code",
    }


def fill_tenant(
    slug: str, now: datetime, users: dict[str, UUID], settings: tuple[tuple[str, Any], ...] = ()
) -> dict[str, UUID]:
    """Fill an organisation that nobody has opened yet with the invented staff (`users`: whose log-in each is), people
    and cases; gives its units by name."""
    units = open_organisation(tenant=slug, by=BY, now=now, units=["Försörjningsstöd", "Ekonomi"])
    members: dict[str, UUID] = {}
    for s in STAFF:
        unit = units["Ekonomi" if s.roles == ("payer",) else "Försörjningsstöd"]
        members[s.login] = admit_staff(
            tenant=slug,
            by=BY,
            now=now,
            user_id=users[s.login],
            name=s.name,
            unit=unit,
            roles=list(s.roles),
            clearance=s.clearance,
        ).id
    for name, value in (("organisation_number", "212000-0142"), *settings):
        set_policy(tenant=slug, by=BY, now=now, name=name, value=value)
    _people(slug, now, Actor("staff", users["rut"]), units["Försörjningsstöd"], members)
    return units


def _shift(slug: str) -> int:
    """The same invented people live in both municipalities under other numbers."""
    return 10 if slug == "bergvik" else 0


#: Account numbers with a right check digit, one per household.
ACCOUNTS = ("1234566", "1234574", "1234582", "1234590")

HOUSEHOLDS: tuple[tuple[tuple[str, str, str, int, str, int], ...], ...] = (
    # given name, family name, birth day, serial, role, protection level
    (("Petra", "Nilsson", "19900615", 980, "adult", 0),),
    (
        ("Amina", "Åberg", "19850302", 982, "adult", 0),
        ("Yusuf", "Åberg", "19831120", 981, "adult", 0),
        ("Sara", "Åberg", "20210210", 984, "child", 0),
        ("Idris", "Åberg", "20140505", 983, "child", 0),
    ),
    (("Gunnar", "Zander", "19750101", 985, "adult", 2),),
    (("نور", "الحسن", "19950909", 986, "adult", 0),),
)


def _people(slug: str, now: datetime, by: Actor, unit: UUID, members_of_staff: dict[str, UUID]) -> None:
    since = Month.of(now.date() - timedelta(days=120)).since
    for number, household in enumerate(HOUSEHOLDS):
        members: list[tuple[UUID, str]] = []
        for given, family, birth, serial, role, level in household:
            person = register_person(
                tenant=slug,
                by=by,
                now=now,
                new=NewPerson(
                    identifier_type="personnummer",
                    identifier=numbers(birth, serial + _shift(slug)),
                    given_name=given,
                    family_name=family,
                    address_lines=[f"Lindvägen {number + 1}"],
                    postcode="990 01",
                    city=slug.title(),
                    protection_level=level,
                    email=f"{given.lower()}@people.example" if given.isascii() and role == "adult" else "",
                    account=("bban", "9020", ACCOUNTS[number]) if role == "adult" else None,
                ),
            )
            members.append((person.id, role))
        home = form_household(tenant=slug, by=by, now=now, members=members, since=since)
        adults = [key for key, role in members if role == "adult"]
        open_case(
            tenant=slug,
            by=by,
            now=now,
            applicant=adults[0],
            co_applicant=adults[1] if len(adults) > 1 else None,
            household=home.id,
            unit=unit,
            caseworker=members_of_staff["vera" if any(level for *_, level in household) else "hanna"],
            opened_on=since,
        )
