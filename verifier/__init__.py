"""Re-checks what an installation of Handslag has stored, and shares no line of code with it.

`verify(conninfo, ...)` reads as the database role auditor and gives a Report. `python -m verifier.receipt` checks
one receipt off-line.
"""

from verifier.report import Finding, Report
from verifier.run import verify

__all__ = ["Finding", "Report", "verify"]
