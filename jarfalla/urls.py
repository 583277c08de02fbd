"""Every address of the portal."""

from django.urls import URLPattern, URLResolver, include, path

urlpatterns: list[URLPattern | URLResolver] = [
    path("", include("units.urls")),
    path("", include("courses.urls")),
    path("", include("routines.urls")),
    path("", include("followups.urls")),
]
