"""Label selectors: their operators, their values, and whether they mean the labels beside them."""

from __future__ import annotations

from k9py.core import naming
from k9py.core.errors import SelectorError
from k9py.core.selectors import of_object
from k9py.manifests.problems import At

OPERATORS = ("DoesNotExist", "Exists", "In", "NotIn")


def check_selector(selector: At) -> None:
    """Check a ``matchLabels``/``matchExpressions`` structure."""
    selector["matchLabels"].labels()
    for expression in selector["matchExpressions"].items():
        key, operator, values = expression["key"], expression["operator"], expression["values"]
        if isinstance(key.value, str):
            key.fits(naming.qualified(key.text))
        if operator.text in ("In", "NotIn"):
            if not values:
                values.required("must be specified when `operator` is 'In' or 'NotIn'")
        elif operator.text in ("Exists", "DoesNotExist"):
            if values:
                values.forbidden("may not be specified when `operator` is 'Exists' or 'DoesNotExist'")
        else:
            operator.invalid("not a valid selector operator")
        for value in values.items():
            value.fits(naming.label_value(value.text))


def matches(selector: At, labels: At) -> bool:
    """Return whether a selector selects these labels; a selector that cannot be read selects nothing."""
    try:
        return of_object(selector.map).matches(labels.map)
    except (SelectorError, TypeError, AttributeError):
        return False
