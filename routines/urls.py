"""Addresses of step 3, routines and contacts."""

from django.urls import URLPattern, path

from routines import views

urlpatterns: list[URLPattern] = [
    path("enheter/<slug:slug>/steg-3/", views.step_3, name="step_3"),
    path("enheter/<slug:slug>/steg-3/ny-rutin/", views.routine_new, name="routine_new"),
    path("enheter/<slug:slug>/steg-3/registrera/", views.routines_complete, name="routines_complete"),
    path("rutiner/", views.routines, name="routines"),
    path("rutiner/<slug:slug>/", views.routine, name="routine"),
    path("rutiner/<slug:slug>/pdf/", views.routine_pdf, name="routine_pdf"),
    path("rutiner/<slug:slug>/skriv/", views.routine_write, name="routine_write"),
    path("rutiner/<slug:slug>/skicka/", views.routine_submit, name="routine_submit"),
    path("rutiner/<slug:slug>/granska/", views.routine_review, name="routine_review"),
    path("rutiner/<slug:slug>/faststall/", views.routine_approve, name="routine_approve"),
    path("rutiner/<slug:slug>/publicera-igen/", views.routine_publish_again, name="routine_publish_again"),
    path("rutiner/<slug:slug>/ny-version/", views.routine_new_version, name="routine_new_version"),
    path("kontakter/", views.contacts, name="contacts"),
    path("kontakter/<int:pk>/kontrollerad/", views.contact_checked, name="contact_checked"),
]
