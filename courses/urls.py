"""Addresses of steps 1 and 2, of the trainings and of the material."""

from django.urls import include, path

from courses import views

step_1 = [
    path("", views.step_1, name="step_1"),
    path("grupptraff/", views.group_session_new, name="group_session_new"),
    path("grupptraff/<int:pk>/aterta/", views.group_session_withdraw, name="group_session_withdraw"),
    path("genomforda/", views.course_completions, name="course_completions"),
    path("genomforda/<int:pk>/aterta/", views.completion_withdraw, name="completion_withdraw"),
    path("jag/", views.own_completion_new, name="own_completion_new"),
    path("jag/aterta/", views.own_completion_withdraw, name="own_completion_withdraw"),
    path("antal/", views.headcount_declare, name="headcount_declare"),
    path("tackning/", views.coverage_trend, name="coverage_trend"),
    path("registrera/", views.web_course_complete, name="web_course_complete"),
]
step_2 = [
    path("", views.step_2, name="step_2"),
    path("boka/", views.training_book, name="training_book"),
    path("registrera/", views.training_complete, name="training_complete"),
]
pulses = [
    path("", views.pulses, name="pulses"),
    path("oppna/", views.pulse_open, name="pulse_open"),
]
surveys = [
    path("pastaenden/", views.statements, name="statements"),
    path("pastaenden/<int:pk>/ta-bort/", views.statement_retire, name="statement_retire"),
    path("<int:pk>/visa/", views.survey_show, name="survey_show"),
    path("<int:pk>/stang/", views.survey_close, name="survey_close"),
    path("<int:pk>/affisch/", views.survey_poster, name="survey_poster"),
]
open_occasions = [
    path("", views.open_trainings, name="open_trainings"),
    path("<int:pk>/", views.sign_up, name="sign_up"),
    path("anmalan/<uuid:token>/", views.sign_up_done, name="sign_up_done"),
    path("anmalan/<uuid:token>/avanmal/", views.sign_up_withdraw, name="sign_up_withdraw"),
]
urlpatterns = [
    path("enheter/<slug:slug>/steg-1/", include(step_1)),
    path("enheter/<slug:slug>/steg-2/", include(step_2)),
    path("enheter/<slug:slug>/puls/", include(pulses)),
    path("webbkurs/samtalsguide/", views.discussion_guide, name="discussion_guide"),
    path("enkater/", include(surveys)),
    # Short words: people type the address off a poster.
    path("svara/<str:code>/", views.survey, name="survey"),
    path("svara/<str:code>/tack/", views.survey_thanks, name="survey_thanks"),
    path("utbildningar/", views.trainings, name="trainings"),
    path("utbildningar/ny/", views.training_new, name="training_new"),
    path("utbildningar/<int:pk>/", views.training, name="training"),
    path("utbildningar/<int:pk>/andra/", views.training_edit, name="training_edit"),
    path("utbildningar/<int:pk>/genomford/", views.training_held, name="training_held"),
    path("utbildningar/<int:pk>/stall-in/", views.training_cancel, name="training_cancel"),
    path("utbildningar/<int:pk>/oppna-igen/", views.training_reopen, name="training_reopen"),
    path("utbildningar/<int:pk>/utvardering/", views.evaluation, name="evaluation"),
    path("utbildningar/<int:pk>/utvardering/oppna/", views.evaluation_open, name="evaluation_open"),
    path("utbildningar/<int:pk>/kalender.ics", views.training_calendar, name="training_calendar"),
    path("utbildningar/<int:pk>/narvaro/", views.attendance, name="attendance"),
    path("utbildningar/<int:pk>/narvarolista/", views.attendance_list, name="attendance_list"),
    path("utbildningar/<int:pk>/qr/", views.attendance_poster, name="attendance_poster"),
    path("utbildningar/<int:pk>/anmalningar/", views.sign_ups, name="sign_ups"),
    path("utbildningar/<int:pk>/anmalningar/mejl/", views.sign_ups_mail, name="sign_ups_mail"),
    path("jag-ar-har/<str:code>/", views.attend, name="attend"),
    path("oppna-utbildningar/", include(open_occasions)),
    path("material/", views.materials, name="materials"),
    path("material/nytt/", views.material_new, name="material_new"),
    path("material/<int:pk>/andra/", views.material_edit, name="material_edit"),
    path("material/<int:pk>/ta-bort/", views.material_retire, name="material_retire"),
    path("material/<int:pk>/fil/", views.material_file, name="material_file"),
]
