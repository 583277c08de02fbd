"""Addresses of steps 1 and 2, of the trainings and of the material."""

from django.urls import include, path

from courses import views

step_1 = [
    path("", views.step_1, name="step_1"),
    path("grupptraff/", views.group_session_new, name="group_session_new"),
    path("grupptraff/<int:pk>/aterta/", views.group_session_withdraw, name="group_session_withdraw"),
    path("genomforda/", views.course_completions, name="course_completions"),
    path("genomforda/<int:pk>/aterta/", views.completion_withdraw, name="completion_withdraw"),
    path("registrera/", views.web_course_complete, name="web_course_complete"),
]
step_2 = [
    path("", views.step_2, name="step_2"),
    path("boka/", views.training_book, name="training_book"),
    path("registrera/", views.training_complete, name="training_complete"),
]
urlpatterns = [
    path("enheter/<slug:slug>/steg-1/", include(step_1)),
    path("enheter/<slug:slug>/steg-2/", include(step_2)),
    path("utbildningar/", views.trainings, name="trainings"),
    path("utbildningar/<int:pk>/", views.training, name="training"),
    path("utbildningar/<int:pk>/genomford/", views.training_held, name="training_held"),
    path("utbildningar/<int:pk>/stall-in/", views.training_cancel, name="training_cancel"),
    path("material/", views.materials, name="materials"),
]
