"""Kinds of organisation and relation, roles of staff."""

from django.db.models import TextChoices


class OrganisationKind(TextChoices):
    MUNICIPALITY = "municipality"
    DISTRICT = "district"
    CANTON_OFFICE = "canton_office"
    INTEGRATION_OFFICE = "integration_office"
    PROVIDER = "provider"
    AUTHORITY = "authority"


class RelationKind(TextChoices):
    TAKES_NORMS_FROM = "takes_norms_from"
    DECIDES_FOR = "decides_for"
    WORKS_CASES_FOR = "works_cases_for"
    HEARS_OBJECTIONS_OF = "hears_objections_of"


class Role(TextChoices):
    REGISTRAR = "registrar"  # registers people, households and cases; enters paper applications
    CASEWORKER = "caseworker"  # works cases of her unit, proposes decisions
    DECIDER = "decider"  # second pair of eyes: takes decisions
    PAYER = "payer"  # releases payment runs
    ADMINISTRATOR = "administrator"  # staff, roles, settings of the tenant; sees no case
    REVIEWER = "reviewer"  # reviews the access log


class RoleProposal(TextChoices):
    PROPOSED = "proposed"  # by one administrator
    GIVEN = "given"  # by another
    WITHDRAWN = "withdrawn"


class Decides(TextChoices):
    """Kinds of decision that the committee delegates (7 kap. 5-8 §§ kommunallagen), each with a limit of its own."""

    GRANT = "grant"
    AUTOMATED = "automated"  # the full grant of an unchanged renewal, by nobody: 28 § förvaltningslagen
    PARTIAL = "partial"
    REFUSAL = "refusal"
    CHANGE = "change"  # a decision that replaces one that was taken
    ADVANCE = "advance"
    RECOVERY = "recovery"  # to claim back what was paid too much
    WAIVER = "waiver"  # to give such a claim up
    DISMISSAL = "dismissal"  # of an appeal that came too late
    OTHER_HELP = "other help"  # help that nobody has a right to (12 kap. 2 § socialtjänstlagen)
