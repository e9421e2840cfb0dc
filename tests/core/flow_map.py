"""A flow map of a house that has only the foundation: what tests of the outbox listen with."""

from typing import Any

seen: list[tuple[str, dict[str, Any]]] = []
together: list[Any] = []
broken: set[str] = set()


def hear(key: str, **payload: Any) -> None:
    if key in broken:
        raise ConnectionError("the other side is down")
    seen.append((key, payload))


def hear_too(key: str, **payload: Any) -> None:
    seen.append((f"too:{key}", payload))


def at_once(payloads: list[dict[str, Any]]) -> None:
    together.append(payloads)
    if any(one.get("refuse") for one in payloads):
        raise ValueError("this fact may not be")


TOGETHER = {"thing.happened": ["tests.core.flow_map.at_once"]}
LATER = {
    "thing.happened": ["tests.core.flow_map.hear", "tests.core.flow_map.hear_too"],
    "mail.send": ["core.mail.deliver"],
}
WAKE: dict[str, list[str]] = {}
DRAINS: list[str] = []
