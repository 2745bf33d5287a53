"""What a verification found."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field


@dataclass(frozen=True)
class Finding:
    """A row that breaks a rule. `row` is its key in `table` ("" for the table as a whole)."""

    rule: str
    table: str
    row: str
    text: str
    tenant: str = ""
    warning: bool = False


@dataclass
class Report:
    """All findings, and how many rows of what were looked at."""

    findings: list[Finding] = field(default_factory=list)
    checked: dict[str, int] = field(default_factory=dict)
    tenants: list[str] = field(default_factory=list)
    #: The newest block of each tenant: number and root, for a later run to be held against.
    roots: dict[str, dict[str, str]] = field(default_factory=dict)
    tenant: str = ""

    def broken(self, rule: str, table: str, row: object, text: str) -> None:
        """A rule is broken."""
        self.findings.append(Finding(rule, table, str(row), text, self.tenant))

    def warn(self, rule: str, table: str, row: object, text: str) -> None:
        """Nothing is broken, but somebody should look."""
        self.findings.append(Finding(rule, table, str(row), text, self.tenant, warning=True))

    def count(self, what: str, number: int = 1) -> None:
        """`number` more of `what` were looked at."""
        self.checked[what] = self.checked.get(what, 0) + number

    @property
    def errors(self) -> list[Finding]:
        """The findings that are no warnings."""
        return [finding for finding in self.findings if not finding.warning]

    @property
    def ok(self) -> bool:
        """Whether nothing is broken (warnings may be there)."""
        return not self.errors

    def to_text(self) -> str:
        """For people: what was looked at, then one line for each finding."""
        lines = ["checked: " + ", ".join(f"{number} {what}" for what, number in sorted(self.checked.items()))]
        lines.append("organisations: " + (", ".join(self.tenants) or "none"))
        for f in sorted(self.findings, key=lambda f: (f.warning, f.tenant, f.rule, f.table, f.row)):
            mark = "warning" if f.warning else "BROKEN "
            lines.append(f"{mark} {f.rule:<8} {f.tenant or '-'} {f.table} {f.row}: {f.text}")
        errors = len(self.errors)
        lines.append("everything in order" if not errors else f"{errors} finding{'s' if errors > 1 else ''}")
        return "\n".join(lines)

    def to_json(self) -> str:
        """For programs."""
        return json.dumps(
            {
                "ok": self.ok,
                "tenants": self.tenants,
                "checked": self.checked,
                "roots": self.roots,
                "findings": [asdict(finding) for finding in self.findings],
            },
            ensure_ascii=False,
            indent=1,
        )
