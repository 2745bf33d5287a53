"""The addresses of the desk, behind the organisation's short name."""

from django.urls import path

from handslag.web.caseworker import case, decide, documents, inbox, money, paper, register, start, tasks

urlpatterns = [
    path("<slug:tenant>/", start.home),
    path("<slug:tenant>/inbox/", inbox.show),
    path("<slug:tenant>/inbox/next/", inbox.take_next),
    path("<slug:tenant>/inbox/<uuid:item>/take/", inbox.take),
    path("<slug:tenant>/people/", register.people),
    path("<slug:tenant>/people/new/", register.new_person),
    path("<slug:tenant>/people/<uuid:person>/", register.person),
    path("<slug:tenant>/people/<uuid:person>/account/", register.new_account),
    path("<slug:tenant>/households/new/", register.new_household),
    path("<slug:tenant>/households/<uuid:household>/", register.household),
    path("<slug:tenant>/cases/new/", register.new_case),
    path("<slug:tenant>/cases/<uuid:case>/", case.open_case),
    path("<slug:tenant>/cases/<uuid:case>/periods/<str:month>/", case.work),
    path("<slug:tenant>/cases/<uuid:case>/periods/<str:month>/proposal/", decide.propose_decision),
    path("<slug:tenant>/cases/<uuid:case>/applications/<uuid:application>/", case.application),
    path("<slug:tenant>/cases/<uuid:case>/close/", register.close),
    path("<slug:tenant>/cases/<uuid:case>/paper/", paper.enter),
    path("<slug:tenant>/cases/<uuid:case>/account/", money.case_account),
    path("<slug:tenant>/cases/<uuid:case>/account/income/", money.income),
    path("<slug:tenant>/cases/<uuid:case>/account/<uuid:booking>/reverse/", money.reverse),
    path("<slug:tenant>/proposals/", decide.proposals),
    path("<slug:tenant>/decisions/<uuid:decision>/", decide.decision),
    path("<slug:tenant>/decisions/<uuid:decision>/decide/", decide.take),
    path("<slug:tenant>/decisions/<uuid:decision>/return/", decide.send_back),
    path("<slug:tenant>/payments/", money.payments),
    path("<slug:tenant>/payments/<uuid:payment>/unblock/", money.unblock),
    path("<slug:tenant>/runs/new/", money.reserve),
    path("<slug:tenant>/runs/<uuid:run>/", money.run),
    path("<slug:tenant>/runs/<uuid:run>/release/", money.release),
    path("<slug:tenant>/tasks/", tasks.tasks),
    path("<slug:tenant>/tasks/<uuid:task>/done/", tasks.done),
    path("<slug:tenant>/documents/<uuid:document>/", documents.download),
]
