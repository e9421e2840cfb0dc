"""Telling people outside of Baton: e-mail and chat channels, quiet hours, the digest. The bell is in services."""
