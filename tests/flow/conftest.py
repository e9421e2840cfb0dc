import pytest

from tests.flow.world import Client, mails_forget


@pytest.fixture
def client(stack):
    """Another system that sends captures, with the list of what it was promised."""
    mails_forget()
    return Client(stack)
