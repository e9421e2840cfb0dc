"""What somebody might call themselves."""

HOSTILE = """<script>alert(1)</script>"><img src=x onerror=alert(2)>'{{ 7|add:7 }}&amp;"""
