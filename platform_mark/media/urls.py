from django.urls import re_path

from . import views

app_name = "media"
urlpatterns = [
    # Exactly the names that images.py and documents.py give.
    re_path(r"^bilder/(?P<token>[A-Za-z0-9_-]{22})/(?P<width>[0-9]{1,4})\.webp$", views.image, name="image"),
    re_path(r"^dokumente/(?P<token>[A-Za-z0-9_-]{22})\.pdf$", views.document, name="document"),
]
