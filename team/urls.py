from django.contrib.auth import views as auth
from django.contrib.auth.decorators import login_not_required
from django.urls import path

app_name = "team"
urlpatterns = [
    path("login/", login_not_required(auth.LoginView.as_view(template_name="team/login.html")), name="login"),
]
