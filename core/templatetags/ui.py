"""Template tags of the component set. See /styleguide/."""

from django import template

register = template.Library()
