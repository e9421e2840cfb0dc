"""``manage.py contract_mail``: the week as it is mailed on Mondays, for one person."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import transaction

from core.clock import db_now
from core.mail import mail_queue
from insights.rules.weeks import WEEK, monday_of, week_name, week_parse
from insights.selectors import contract_now
from insights.services.alignment import alignment_letter
from team.models import User
from team.rules import zone_get


class Command(BaseCommand):
    help = "Mail one week of the contract to one person, or only print it (--dry-run)."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--week", default="", help="such as 2026-W47; default: last week")
        parser.add_argument("--to", required=True, help="the e-mail of somebody who works here")
        parser.add_argument("--dry-run", action="store_true", help="print the text, send nothing")

    def handle(self, *args: Any, **options: Any) -> None:
        now = db_now()
        monday = monday_of(now, zone_get(contract_now().time_zone)) - WEEK
        if options["week"]:
            named = week_parse(options["week"])
            if named is None or named > monday + WEEK:
                raise CommandError(f"{options['week']} is no week that has begun; write it as {week_name(monday)}.")
            monday = named
        user = User.objects.filter(email__iexact=options["to"], is_active=True).select_related("team").first()
        if user is None or not user.has_role("manager", "marketer"):
            raise CommandError(f"{options['to']} is nobody who reads it: a manager or marketer who works here.")
        letter = alignment_letter(user=user, monday=monday, now=now)
        if options["dry_run"]:
            self.stdout.write(f"To: {user.email}\nSubject: {letter['subject']}\n\n{letter['text']}")
            return
        key = f"contract:{week_name(monday)}:{user.pk}:by-hand:{now.isoformat()}"
        with transaction.atomic():
            mail_queue(key=key, to=user.email, **letter)
        self.stdout.write(f"Queued for {user.email}: {letter['subject']}.")
