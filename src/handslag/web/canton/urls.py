"""Addresses between canton and municipality, on the staff's host."""

from django.urls import path

from handslag.web.canton import (
    accounts,
    assignments,
    costs,
    deadlines,
    imports,
    mutations,
    notifications,
    quota,
    register,
    statements,
)

urlpatterns = [
    path("<slug:tenant>/accounts/", accounts.accounts),
    path("<slug:tenant>/accounts/<uuid:account>/", accounts.account),
    path("<slug:tenant>/accounts/<uuid:account>/entries/", accounts.entries),
    path("<slug:tenant>/accounts/<uuid:account>/postings/<uuid:posting>/", accounts.posting),
    path("<slug:tenant>/statements/", statements.statements),
    path("<slug:tenant>/statements/new/", statements.new),
    path("<slug:tenant>/statements/<uuid:statement>/", statements.statement),
    path("<slug:tenant>/statements/<uuid:statement>/questions/", statements.questions),
    path("<slug:tenant>/reconciliations/<uuid:message>/", accounts.reconciliation),
    path("<slug:tenant>/assignments/", assignments.assignments),
    path("<slug:tenant>/assignments/new/", assignments.new),
    path("<slug:tenant>/assignments/<uuid:message>/", assignments.assignment),
    path("<slug:tenant>/mutations/", mutations.mutations),
    path("<slug:tenant>/mutations/<uuid:message>/", mutations.mutation),
    path("<slug:tenant>/register/<uuid:person>/change/", mutations.new),
    path("<slug:tenant>/case_notifications/", notifications.notifications),
    path("<slug:tenant>/case_notifications/<uuid:message>/", notifications.notification),
    path("<slug:tenant>/register/<uuid:person>/notify/", notifications.new),
    path("<slug:tenant>/cost_approvals/", costs.approvals),
    path("<slug:tenant>/cost_approvals/tariffs/", costs.rules),
    path("<slug:tenant>/cost_approvals/new/<uuid:person>/", costs.new),
    path("<slug:tenant>/cost_approvals/<uuid:message>/", costs.approval),
    path("<slug:tenant>/register/", register.register),
    path("<slug:tenant>/register/quota/", quota.quota),
    path("<slug:tenant>/register/deadlines/", deadlines.deadlines),
    path("<slug:tenant>/register/imports/", imports.listed),
    path("<slug:tenant>/register/imports/<uuid:brought>/", imports.brought),
    path("<slug:tenant>/register/<uuid:person>/", register.person),
]
