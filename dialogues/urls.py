from .mail_urls import mail_patterns

app_name = "dialogues"
urlpatterns = [*mail_patterns]
