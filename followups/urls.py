"""Addresses of this app."""

from django.urls import URLPattern, path

from followups import views

urlpatterns: list[URLPattern] = [
    path("enheter/<slug:slug>/steg-4/", views.step_4, name="step_4"),
    path("uppfoljningar/", views.follow_ups, name="follow_ups"),
    path("uppfoljningar/insats/<int:pk>/klar/", views.support_action_done, name="support_action_done"),
]
