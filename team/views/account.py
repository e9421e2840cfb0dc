"""Coming in, going out, and the first person of an empty Baton."""

from typing import Any

from django.conf import settings
from django.contrib.auth import login
from django.contrib.auth import views as auth
from django.contrib.auth.decorators import login_not_required
from django.contrib.messages.views import SuccessMessageMixin
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse_lazy
from django.utils.decorators import method_decorator
from django.views.decorators.http import require_http_methods, require_safe

from core.errors import Refused
from team import services
from team.forms import LoginForm, ResetForm, SetupForm
from team.models import User

form_page = require_http_methods(["GET", "HEAD", "POST"])


@method_decorator([login_not_required, form_page], name="dispatch")
class Login(auth.LoginView):
    template_name = "team/login.html"
    form_class = LoginForm
    redirect_authenticated_user = True

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if request.method == "GET" and settings.SETUP_OPEN and not User.objects.exists():
            return redirect("team:setup")
        return super().dispatch(request, *args, **kwargs)


@method_decorator([login_not_required, form_page], name="dispatch")
class PasswordReset(auth.PasswordResetView):
    """Says the same whether the e-mail is known or not."""

    template_name = "team/password_reset.html"
    form_class = ResetForm
    success_url = reverse_lazy("team:password_reset_done")


@method_decorator([login_not_required, require_safe], name="dispatch")
class PasswordResetDone(auth.PasswordResetDoneView):
    template_name = "team/password_reset_done.html"


@method_decorator([login_not_required, form_page], name="dispatch")
class PasswordResetConfirm(SuccessMessageMixin, auth.PasswordResetConfirmView):  # type: ignore[type-arg]
    template_name = "team/password_set.html"
    success_url = reverse_lazy("team:login")
    success_message = "Your password is set. Sign in with it."


@method_decorator(form_page, name="dispatch")
class PasswordChange(SuccessMessageMixin, auth.PasswordChangeView):  # type: ignore[type-arg]
    template_name = "team/password_change.html"
    success_url = reverse_lazy("team:profile")
    success_message = "Your password is changed."


@login_not_required
@require_http_methods(["GET", "HEAD", "POST"])
def setup(request: HttpRequest) -> HttpResponse:
    """Make the first admin; closed for ever once anybody exists, and on a served database unless it was asked for."""
    if not settings.SETUP_OPEN or User.objects.exists():
        return redirect("team:login")
    form = SetupForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            user = services.first_admin_create(**form.cleaned_data)
        except Refused as refusal:
            form.add_error(None, refusal.message)
        else:
            login(request, user, backend="django.contrib.auth.backends.ModelBackend")
            return redirect("desk:home")
    return render(request, "team/setup.html", {"form": form}, status=422 if form.errors else 200)
