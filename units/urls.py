"""Addresses of units, people, the outbox and the programme. The unit's own page sees every app: jarfalla.urls."""

from django.urls import path

from units import views

urlpatterns = [
    path("enheter/", views.units, name="units"),
    path("enheter/ny/", views.unit_new, name="unit_new"),
    path("enheter/importera/", views.unit_import, name="unit_import"),
    path("enheter/importera/<int:pk>/", views.unit_import_preview, name="unit_import_preview"),
    path("importer/", views.imports, name="imports"),
    path("importer/ny/<str:kind>/", views.import_new, name="import_new"),
    path("importer/<int:pk>/", views.list_import, name="list_import"),
    path("importer/<int:pk>/kolumner/", views.import_columns, name="import_columns"),
    path("importer/<int:pk>/spara/", views.import_save, name="import_save"),
    path("importer/<int:pk>/rader/<int:row>/", views.import_exclude, name="import_exclude"),
    path("importer/<int:pk>/avbryt/", views.import_cancel, name="import_cancel"),
    path("enheter/<slug:slug>/andra/", views.unit_edit, name="unit_edit"),
    path("enheter/<slug:slug>/deltagande/", views.unit_participation, name="unit_participation"),
    path("enheter/<slug:slug>/personal/", views.unit_staff, name="unit_staff"),
    path("enheter/<slug:slug>/personal/<int:pk>/avsluta/", views.membership_end, name="membership_end"),
    path("enheter/<slug:slug>/ny-omgang/", views.round_new, name="round_new"),
    path("enheter/<slug:slug>/steg-<int:step>/aterta/", views.step_withdraw, name="step_withdraw"),
    path("utkorg/", views.outbox, name="outbox"),
    path("utkorg/<int:pk>/", views.message, name="message"),
    path("utkorg/<int:pk>/forsok-igen/", views.message_retry, name="message_retry"),
    path("installningar/", views.programme, name="programme"),
    path("programmet/logotyp/", views.programme_logo, name="programme_logo"),
]
