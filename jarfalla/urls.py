"""Every address of the portal."""

from django.urls import URLPattern, URLResolver, include, path

from jarfalla.views import errors, health, session
from jarfalla.views.calendar import calendar, calendar_feed, calendar_open, calendar_revoke
from jarfalla.views.offline import offline_list, offline_routine, offline_start, service_worker
from jarfalla.views.overview import overview
from jarfalla.views.protocol import protocol, protocol_save
from jarfalla.views.reminders import reminder_rule, reminder_rule_reset, reminders
from jarfalla.views.start import start
from jarfalla.views.statistics import statistics
from jarfalla.views.unit import unit

handler400 = errors.bad_request
handler403 = errors.forbidden
handler404 = errors.not_found
handler500 = errors.server_error

urlpatterns: list[URLPattern | URLResolver] = [
    path("logga-in/", session.sign_in, name="account_login"),
    # The same page under the other name by which allauth sends people to it.
    path("logga-in/", session.sign_in, name="account_request_login_code"),
    path("logga-in/kod/", session.confirm_code, name="account_confirm_login_code"),
    path("logga-ut/", session.sign_out, name="account_logout"),
    path("demo/logga-in/", session.demo_login, name="demo_login"),
    path("sprak/", session.set_language, name="set_language"),
    path("healthz", health.healthz, name="healthz"),
    path("readyz", health.readyz, name="readyz"),
    path("", start, name="start"),
    path("oversikt/", overview, name="overview"),
    path("statistik/", statistics, name="statistics"),
    path("kalender/", calendar, name="calendar"),
    path("kalender/oppna/", calendar_open, name="calendar_open"),
    path("kalender/stang/", calendar_revoke, name="calendar_revoke"),
    path("kalender/<slug:token>.ics", calendar_feed, name="calendar_feed"),
    # At the root, so that the worker sees every page.
    path("sw.js", service_worker, name="service_worker"),
    path("offline/", offline_start, name="offline_start"),
    # Before routines.urls: offline.json is no routine.
    path("rutiner/offline.json", offline_list, name="offline_list"),
    path("rutiner/<slug:slug>/offline/", offline_routine, name="offline_routine"),
    path("", include("units.urls")),
    # After the fixed words of units.urls: /enheter/ny/ and /enheter/importera/ are no units.
    path("enheter/<slug:slug>/", unit, name="unit"),
    path("enheter/<slug:slug>/steg-4/protokoll/", protocol, name="protocol"),
    path("enheter/<slug:slug>/steg-4/protokoll/spara/", protocol_save, name="protocol_save"),
    path("", include("courses.urls")),
    path("", include("routines.urls")),
    path("", include("followups.urls")),
    # After followups.urls: /paminnelser/lugna-perioder/ is no rule.
    path("paminnelser/", reminders, name="reminders"),
    path("paminnelser/<slug:kind>/", reminder_rule, name="reminder_rule"),
    path("paminnelser/<slug:kind>/fran-borjan/", reminder_rule_reset, name="reminder_rule_reset"),
]
