"""Addresses of this app."""

from django.urls import URLPattern, path

from followups import views

urlpatterns: list[URLPattern] = [
    path("mina-paminnelser/", views.own_reminders, name="own_reminders"),
    path("paus/<str:token>/", views.digest_pause, name="digest_pause"),
    path("paminnelser/lugna-perioder/", views.quiet_periods, name="quiet_periods"),
    path("paminnelser/lugna-perioder/<int:pk>/ta-bort/", views.quiet_period_remove, name="quiet_period_remove"),
    path("enheter/<slug:slug>/steg-4/", views.step_4, name="step_4"),
    path("enheter/<slug:slug>/steg-4/boka/", views.contact_book, name="contact_book"),
    path("enheter/<slug:slug>/steg-4/avboka/", views.booking_cancel, name="booking_cancel"),
    path("enheter/<slug:slug>/steg-4/inte-hallet/", views.contact_not_held, name="contact_not_held"),
    path("enheter/<slug:slug>/steg-4/kunde-inte-hallas/ta-tillbaka/", views.contact_withdraw, name="contact_withdraw"),
    path("enheter/<slug:slug>/steg-4/samtal.ics", views.booking_calendar, name="booking_calendar"),
    path("enheter/<slug:slug>/steg-4/uppfoljning/<int:pk>/pdf/", views.follow_up_pdf, name="follow_up_pdf"),
    path(
        "enheter/<slug:slug>/steg-4/uppfoljning/<int:pk>/pdf/igen/",
        views.follow_up_pdf_again,
        name="follow_up_pdf_again",
    ),
    path("lardomar/", views.lessons, name="lessons"),
    path("lardomar/<int:pk>/publicera/", views.lesson_publish, name="lesson_publish"),
    path("lardomar/<int:pk>/ta-bort/", views.lesson_withdraw, name="lesson_withdraw"),
    path("lardomar/<int:pk>/dela-inte/", views.lesson_refuse, name="lesson_refuse"),
    path("lardomar/<int:pk>/dela/", views.lesson_share, name="lesson_share"),
    path("uppfoljningar/", views.follow_ups, name="follow_ups"),
    path("uppfoljningar/insats/<int:pk>/klar/", views.support_action_done, name="support_action_done"),
    path("uppfoljningar/insats/<int:pk>/inte-klar/", views.support_action_reopen, name="support_action_reopen"),
]
