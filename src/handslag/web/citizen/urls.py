"""The addresses of the citizens' counter."""

from django.urls import path, register_converter
from django.urls.converters import StringConverter

from handslag.web.citizen import (
    account,
    acting,
    appeals,
    elsewhere,
    evidence,
    fetched,
    hearing,
    help,
    login,
    looks,
    messages,
    orders,
    other_help,
    overview,
    receipts,
    recoveries,
    renewal,
    signing,
    what_if,
)
from handslag.web.entry.keys import keys


class Screen(StringConverter):
    """A screen of an application that is reached by its name; its form says which there are."""

    regex = "[a-z][a-z-]{1,30}"


register_converter(Screen, "screen")

urlpatterns = [
    path("eid/callback", login.callback, name="callback"),
    path("<slug:tenant>/", login.start, name="start"),
    path("<slug:tenant>/log-in/", login.log_in, name="log-in"),
    path("<slug:tenant>/log-out/", login.log_out, name="log-out"),
    path("<slug:tenant>/help/", help.help_page, name="help"),
    path("<slug:tenant>/help/<screen:area>/", help.help_page, name="help-about"),
    path("<slug:tenant>/keys.json", keys, name="keys"),
    path("<slug:tenant>/my/", overview.my, name="my"),
    path("<slug:tenant>/acting/", acting.begin, name="act-for"),
    path("<slug:tenant>/acting/stop/", acting.stop, name="act-no-more"),
    path("<slug:tenant>/representations/<uuid:representation>/end/", acting.end, name="end-representation"),
    path("<slug:tenant>/account/", account.account, name="account"),
    path("<slug:tenant>/account/<uuid:change>/withdraw/", account.withdraw, name="withdraw-account"),
    path("<slug:tenant>/looked/", looks.looked, name="looked"),
    path("<slug:tenant>/cases/<uuid:case>/messages/", messages.messages, name="messages"),
    path("<slug:tenant>/cases/<uuid:case>/decided/<slug:decision>/", elsewhere.decided, name="decided-elsewhere"),
    path("<slug:tenant>/cases/<uuid:case>/periods/<slug:month>/look-ups/", fetched.fetched, name="fetched"),
    path("<slug:tenant>/cases/<uuid:case>/periods/<slug:month>/look-ups/<uuid:line>/", fetched.dispute, name="dispute"),
    path("<slug:tenant>/drafts/", renewal.apply, name="apply"),
    path("<slug:tenant>/drafts/<uuid:draft>/sign/", signing.sign, name="sign"),
    path("<slug:tenant>/drafts/<uuid:draft>/sign/begin/", signing.begin, name="begin"),
    path("<slug:tenant>/drafts/<uuid:draft>/withdraw/", signing.withdraw, name="withdraw"),
    path("<slug:tenant>/drafts/<uuid:draft>/change/", signing.change, name="change"),
    path("<slug:tenant>/drafts/<uuid:draft>/files/", evidence.files, name="files"),
    path("<slug:tenant>/drafts/<uuid:draft>/files/remove/", evidence.remove, name="remove-file"),
    path("<slug:tenant>/requests/<uuid:asked>/", evidence.answer, name="request"),
    path("<slug:tenant>/evidence/<uuid:document>/", evidence.download, name="evidence"),
    path("<slug:tenant>/drafts/<uuid:draft>/<screen:step>/", renewal.step, name="step"),
    path("<slug:tenant>/drafts/<uuid:draft>/<screen:step>/save/", renewal.save, name="save"),
    path("<slug:tenant>/applications/<uuid:application>/", receipts.receipt, name="receipt"),
    path("<slug:tenant>/applications/<uuid:application>/print/", receipts.printed, name="receipt-print"),
    path("<slug:tenant>/applications/<uuid:application>/correct/", receipts.correct, name="correct"),
    path("<slug:tenant>/applications/<uuid:application>/withdraw/", receipts.withdraw, name="withdraw-sent"),
    path("<slug:tenant>/applications/<uuid:application>/receipt.json", receipts.receipt_json, name="receipt-json"),
    path("<slug:tenant>/applications/<uuid:application>/receipt.pdf", receipts.receipt_pdf, name="receipt-pdf"),
    path("<slug:tenant>/applications/<uuid:application>/application.json", receipts.signed_document, name="signed"),
    path("<slug:tenant>/decisions/<uuid:decision>/", overview.decision, name="decision"),
    path("<slug:tenant>/decisions/<uuid:decision>/what-if/", what_if.what_if, name="what-if"),
    path("<slug:tenant>/decisions/<uuid:decision>/appeal/", appeals.lodge, name="lodge-appeal"),
    path("<slug:tenant>/appeals/<uuid:appeal>/", appeals.appeal, name="appeal"),
    path("<slug:tenant>/appeals/<uuid:appeal>/letter.pdf", appeals.letter, name="appeal-letter"),
    path("<slug:tenant>/recoveries/<uuid:recovery>/", recoveries.recovery, name="recovery"),
    path("<slug:tenant>/recoveries/<uuid:recovery>/letter.pdf", recoveries.letter, name="recovery-letter"),
    path("<slug:tenant>/orders/<uuid:order>/", orders.order, name="order"),
    path("<slug:tenant>/orders/<uuid:order>/letter.pdf", orders.letter, name="order-letter"),
    path("<slug:tenant>/other-help/<uuid:help_>/", other_help.other_help, name="other-help"),
    path("<slug:tenant>/other-help/<uuid:help_>/letter.pdf", other_help.letter, name="other-help-letter"),
    path("<slug:tenant>/hearings/<uuid:hearing>/", hearing.hearing, name="hearing"),
    path("<slug:tenant>/decisions/<uuid:decision>/letter.pdf", overview.letter, name="letter"),
]
