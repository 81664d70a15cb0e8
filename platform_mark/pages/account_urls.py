from django.urls import path

from actors.account_urls import account_patterns

from . import account

app_name = "account"
urlpatterns = [path("", account.home, name="home"), *account_patterns]
