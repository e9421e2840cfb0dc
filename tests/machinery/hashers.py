from django.contrib.auth.hashers import PBKDF2PasswordHasher


class QuickHasher(PBKDF2PasswordHasher):
    """One round: quick to make, and still a password that a real server of the same test accepts."""

    iterations = 1
