"""The reviewed list of installation-wide tables: no row of a tenant, no personal data of clients.

A table that is neither here nor under row-level security fails the catalogue test; so does a column
that is not listed. Staff log-in columns are marked: they are the only personal data here, of staff.
"""

from __future__ import annotations

from dataclasses import dataclass, field

ROLES = ("owner", "web", "worker", "courier", "auditor", "backup", "eraser")

READ_ONLY = {"web": "SELECT", "worker": "SELECT"}
QUEUE = {"web": "SELECT, INSERT", "worker": "SELECT, INSERT, UPDATE, DELETE"}


@dataclass(frozen=True)
class InstallationTable:
    """Why the table may be seen by every tenant, its columns, and who may do what with it.

    `audited`: the auditor reads it whole; else only `audited_columns`.
    """

    reason: str
    columns: tuple[str, ...]
    grants: dict[str, str] = field(default_factory=dict)
    audited: bool = True
    staff_columns: tuple[str, ...] = ()
    audited_columns: tuple[str, ...] = ()


_STAFF = "log-in of staff; who may do what lies in the tenant"
_FRAMEWORK = "kept by the framework; no rows of ours"
_JOBS = "the job queue: arguments are ids only"
_LOGIN = {"web": "SELECT, INSERT, UPDATE, DELETE", "worker": "SELECT"}

INSTALLATION_TABLES: dict[str, InstallationTable] = {
    "tenancy_organisation": InstallationTable(
        "the directory of organisations: public facts",
        (
            "id",
            "slug",
            "name",
            "kind",
            "country",
            "currency",
            "zone",
            "languages",
            "code_type",
            "code",
            "colour",
            "address_lines",
            "telephone",
            "is_tenant",
            "active",
            "training",
        ),
    ),
    "tenancy_relation": InstallationTable(
        "what organisations do for each other: public facts",
        ("id", "kind", "subject_id", "other_id", "since", "until"),
    ),
    "tenancy_staffuser": InstallationTable(
        _STAFF,
        ("id", "email", "password", "last_login", "is_active"),
        audited=False,
        staff_columns=("email", "password", "last_login"),
        audited_columns=("id", "is_active"),
    ),
    "tenancy_session": InstallationTable(
        "log-in sessions: ids only",
        ("session_key", "session_data", "expire_date", "account"),
        audited=False,
        audited_columns=("account", "expire_date"),
    ),
    "account_emailaddress": InstallationTable(
        _STAFF,
        ("id", "email", "verified", "primary", "user_id"),
        _LOGIN,
        audited=False,
        staff_columns=("email",),
    ),
    "account_emailconfirmation": InstallationTable(
        _STAFF, ("id", "created", "sent", "key", "email_address_id"), {}, audited=False
    ),
    "mfa_authenticator": InstallationTable(
        _STAFF,
        ("id", "type", "data", "user_id", "created_at", "last_used_at"),
        _LOGIN,
        audited=False,
        staff_columns=("data",),
    ),
    "auth_group": InstallationTable(_FRAMEWORK, ("id", "name")),
    "auth_group_permissions": InstallationTable(_FRAMEWORK, ("id", "group_id", "permission_id")),
    "auth_permission": InstallationTable(_FRAMEWORK, ("id", "name", "content_type_id", "codename")),
    "django_content_type": InstallationTable(_FRAMEWORK, ("id", "app_label", "model")),
    "django_migrations": InstallationTable(_FRAMEWORK, ("id", "app", "name", "applied"), READ_ONLY),
    "procrastinate_jobs": InstallationTable(
        _JOBS,
        (
            "id",
            "queue_name",
            "task_name",
            "lock",
            "args",
            "status",
            "scheduled_at",
            "attempts",
            "queueing_lock",
            "priority",
            "abort_requested",
            "worker_id",
        ),
        QUEUE,
    ),
    "procrastinate_events": InstallationTable(_JOBS, ("id", "job_id", "type", "at"), QUEUE),
    "procrastinate_periodic_defers": InstallationTable(
        _JOBS, ("id", "task_name", "defer_timestamp", "job_id", "periodic_id"), QUEUE
    ),
    "procrastinate_workers": InstallationTable(
        _JOBS, ("id", "last_heartbeat"), {"worker": "SELECT, INSERT, UPDATE, DELETE"}
    ),
}
