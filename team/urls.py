from django.contrib.auth import views as auth
from django.urls import path
from django.views.decorators.http import require_POST

from team.views import account, days, notify, people, profile

app_name = "team"
urlpatterns = [
    path("login/", account.Login.as_view(), name="login"),
    path("logout/", require_POST(auth.LogoutView.as_view()), name="logout"),
    path("setup/", account.setup, name="setup"),
    path("password/reset/", account.PasswordReset.as_view(), name="password_reset"),
    path("password/reset/sent/", account.PasswordResetDone.as_view(), name="password_reset_done"),
    path("password/set/<uidb64>/<token>/", account.PasswordResetConfirm.as_view(), name="password_reset_confirm"),
    path("password/", account.PasswordChange.as_view(), name="password_change"),
    path("profile/", profile.profile, name="profile"),
    path("profile/hours/", profile.hours, name="hours"),
    path("profile/time-off/", profile.time_off_add, name="time_off_add"),
    path("profile/time-off/<int:pk>/remove/", profile.time_off_remove, name="time_off_remove"),
    path("profile/theme/", profile.theme, name="theme"),
    path("profile/notifications/", notify.notifications, name="notifications"),
    path("profile/notifications/events/", notify.events, name="notify_events"),
    path("profile/notifications/quiet/", notify.quiet, name="notify_quiet"),
    path("profile/notifications/digest/", notify.digest, name="digest"),
    path("profile/notifications/mail-test/", notify.mail_test, name="mail_test"),
    path("channels/", notify.team_channels, name="team_channels"),
    path("channels/new/", notify.channel_new, name="channel_new"),
    path("channels/new/<int:pk>/", notify.team_channel_new, name="team_channel_new"),
    path("channels/<int:pk>/", notify.channel, name="channel"),
    path("channels/<int:pk>/test/", notify.channel_test, name="channel_test"),
    path("channels/<int:pk>/switch/", notify.channel_switch, name="channel_switch"),
    path("channels/<int:pk>/remove/", notify.channel_remove, name="channel_remove"),
    path("profile/tokens/", profile.tokens, name="tokens"),
    path("profile/tokens/<int:pk>/revoke/", profile.token_revoke, name="token_revoke"),
    path("people/", people.people, name="people"),
    path("people/new/", people.person_new, name="person_new"),
    path("people/<int:pk>/", people.person, name="person"),
    path("people/<int:pk>/invite/", people.invite, name="invite"),
    path("people/<int:pk>/hours/", people.person_hours, name="person_hours"),
    path("people/<int:pk>/time-off/", people.person_off, name="person_off"),
    path("people/<int:pk>/time-off/<int:off>/remove/", people.person_off_remove, name="person_off_remove"),
    path("teams/new/", people.team, name="team_new"),
    path("teams/<int:pk>/", people.team, name="team"),
    path("days-off/", days.days, name="days"),
    path("days-off/<int:pk>/remove/", days.day_remove, name="day_remove"),
    path("bell/", profile.bell, name="bell"),
    path("notices/", profile.notices, name="notices"),
    path("notices/read/", profile.notices_read, name="notices_read"),
]
