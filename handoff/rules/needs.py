"""What a rule asks of the rep for one lead: the language, the country, skills. Pure."""

from collections.abc import Collection
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Need:
    """``languages``: any one of them; ``skills``: all of them. ``key`` names what differs from lead to lead."""

    languages: tuple[str, ...] = ()
    country: str = ""
    skills: tuple[str, ...] = ()
    key: str = field(init=False, default="")

    def __post_init__(self) -> None:
        if self.languages or self.country:
            object.__setattr__(self, "key", f"{'/'.join(self.languages)}@{self.country}")

    def unmet(self, languages: Collection[str], countries: Collection[str], skills: Collection[str]) -> str:
        """What is missing, as 'code:detail'; '' when nothing is."""
        if self.languages and not any(one in languages for one in self.languages):
            return f"language:{'/'.join(self.languages)}"
        if self.country and self.country not in countries:
            return f"country:{self.country}"
        lacks = next((one for one in self.skills if one not in skills), "")
        return f"skill:{lacks}" if lacks else ""


NOTHING = Need()
