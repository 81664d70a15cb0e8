from django.urls import path

from actors.account_urls import account_patterns
from platform_mark.demand.views import of_field

from . import account

app_name = "account"
urlpatterns = [path("", account.home, name="home"), path("bedarf/", of_field, name="demand"), *account_patterns]
