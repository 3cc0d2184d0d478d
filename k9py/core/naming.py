"""What names, labels, keys, ports and images may look like; each check returns the API server's words, or nothing.

The rules are those of ``k8s.io/apimachinery`` util/validation; an empty text means the value is good.
"""

from __future__ import annotations

import ipaddress
import re

SUBDOMAIN_LIMIT = 253
"""Characters of a DNS subdomain."""
LABEL_LIMIT = 63
"""Characters of a DNS label, of a label's value and of the name part of a key."""

_LABEL_PATTERN = "[a-z0-9]([-a-z0-9]*[a-z0-9])?"
_SUBDOMAIN_PATTERN = rf"{_LABEL_PATTERN}(\.{_LABEL_PATTERN})*"
_LABEL_1035_PATTERN = "[a-z]([-a-z0-9]*[a-z0-9])?"
_QUALIFIED_PATTERN = "([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]"
_VALUE_PATTERN = f"({_QUALIFIED_PATTERN})?"
_CONFIG_KEY_PATTERN = "[-._a-zA-Z0-9]+"
_LABEL = re.compile(_LABEL_PATTERN)
_SUBDOMAIN = re.compile(_SUBDOMAIN_PATTERN)
_LABEL_1035 = re.compile(_LABEL_1035_PATTERN)
_QUALIFIED = re.compile(_QUALIFIED_PATTERN)
_VALUE = re.compile(_VALUE_PATTERN)
_CONFIG_KEY = re.compile(_CONFIG_KEY_PATTERN)
_PORT_NAME = re.compile("[-a-z0-9]+")
_IMAGE = re.compile(
    r"(?:(?:[a-zA-Z0-9]|[a-zA-Z0-9][a-zA-Z0-9-]*[a-zA-Z0-9])(?:\.(?:[a-zA-Z0-9]|[a-zA-Z0-9][a-zA-Z0-9-]*[a-zA-Z0-9]))*"
    r"(?::[0-9]+)?/|\[[a-fA-F0-9:]+\](?::[0-9]+)?/)?"
    r"[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*(?:/[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*)*"
    r"(?::[\w][\w.-]{0,127})?"
    r"(?:@[A-Za-z][A-Za-z0-9]*(?:[-_+.][A-Za-z][A-Za-z0-9]*)*:[0-9a-fA-F]{32,})?",
    re.ASCII,
)
"""``[registry[:port]/]repository[:tag][@digest]`` by the grammar of the OCI distribution reference."""


def _used(pattern: str, *examples: str) -> str:
    listed = ",  or ".join(f"'{example}'" for example in examples)
    return f"(e.g. {listed}, regex used for validation is '{pattern}')"


_SUBDOMAIN_TEXT = (
    "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start "
    f"and end with an alphanumeric character {_used(_SUBDOMAIN_PATTERN, 'example.com')}"
)
_LABEL_TEXT = (
    "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end "
    f"with an alphanumeric character {_used(_LABEL_PATTERN, 'my-name', '123-abc')}"
)
_LABEL_1035_TEXT = (
    "a DNS-1035 label must consist of lower case alphanumeric characters or '-', start with an alphabetic character, "
    f"and end with an alphanumeric character {_used(_LABEL_1035_PATTERN, 'my-name', 'abc-123')}"
)
_VALUE_TEXT = (
    "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start "
    f"and end with an alphanumeric character {_used(_VALUE_PATTERN, 'MyValue', 'my_value', '12345')}"
)
_QUALIFIED_TEXT = (
    "name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an "
    f"alphanumeric character {_used(_QUALIFIED_PATTERN, 'MyName', 'my.name', '123-abc')}"
)
_CONFIG_KEY_TEXT = (
    "a valid config key must consist of alphanumeric characters, '-', '_' or '.' "
    f"{_used(_CONFIG_KEY_PATTERN, 'key.name', 'KEY_NAME', 'key-name')}"
)


def _at_most(limit: int, unit: str = "characters") -> str:
    return f"must be no more than {limit} {unit}"


def subdomain(value: str) -> str:
    """Check a name as most kinds have it."""
    if len(value) > SUBDOMAIN_LIMIT:
        return _at_most(SUBDOMAIN_LIMIT)
    return "" if _SUBDOMAIN.fullmatch(value) else _SUBDOMAIN_TEXT


def wildcard_subdomain(value: str) -> str:
    """Check a host that may begin with ``*.``, as an Ingress has it."""
    return subdomain(value.removeprefix("*."))


def label(value: str) -> str:
    """Check a name without dots: namespaces, containers, volumes."""
    if len(value) > LABEL_LIMIT:
        return _at_most(LABEL_LIMIT)
    return "" if _LABEL.fullmatch(value) else _LABEL_TEXT


def label_1035(value: str) -> str:
    """Check a name that begins with a letter."""
    if len(value) > LABEL_LIMIT:
        return _at_most(LABEL_LIMIT)
    return "" if _LABEL_1035.fullmatch(value) else _LABEL_1035_TEXT


def path_segment(value: str) -> str:
    """Check a name that only has to fit into a path: roles and their bindings."""
    if value in (".", ".."):
        return f"may not be '{value}'"
    for bad in ("/", "%"):
        if bad in value:
            return f"may not contain '{bad}'"
    return ""


def label_value(value: str) -> str:
    """Check a label's value."""
    if len(value) > LABEL_LIMIT:
        return _at_most(LABEL_LIMIT, "bytes")
    return "" if _VALUE.fullmatch(value) else _VALUE_TEXT


def qualified(key: str) -> str:
    """Check the key of a label or annotation: an optional prefix, a slash and a name."""
    if key.count("/") > 1:
        return (
            "a qualified name must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an "
            "alphanumeric character with an optional DNS subdomain prefix and '/' (e.g. 'example.com/MyName')"
        )
    prefix, slash, name = key.rpartition("/")
    if slash and not prefix:
        return "prefix part must be non-empty"
    if prefix and (problem := subdomain(prefix)):
        return f"prefix part {problem}"
    if not name:
        return "name part must be non-empty"
    if len(name) > LABEL_LIMIT:
        return f"name part {_at_most(LABEL_LIMIT, 'bytes')}"
    return "" if _QUALIFIED.fullmatch(name) else _QUALIFIED_TEXT


def config_key(key: str) -> str:
    """Check a key of a ConfigMap or Secret."""
    if len(key) > SUBDOMAIN_LIMIT:
        return _at_most(SUBDOMAIN_LIMIT)
    if not _CONFIG_KEY.fullmatch(key):
        return _CONFIG_KEY_TEXT
    if key == ".":
        return "must not be '.'"
    if key.startswith(".."):
        return "must not be '..'" if key == ".." else "must not start with '..'"
    return ""


def env_name(name: str) -> str:
    """Check the name of an environment variable: printable ASCII without ``=``."""
    if all(" " <= char <= "~" and char != "=" for char in name):
        return ""
    return "a valid environment variable name must consist only of printable ASCII characters other than '='"


def port_number(value: int) -> str:
    """Check a port."""
    return "" if 0 < value < 65536 else "must be between 1 and 65535, inclusive"


def port_name(value: str) -> str:
    """Check a port's name (IANA service name)."""
    if len(value) > 15:
        return "must be no more than 15 characters"
    if not _PORT_NAME.fullmatch(value):
        return "must contain only alpha-numeric characters (a-z, 0-9), and hyphens (-)"
    if not any("a" <= char <= "z" for char in value):
        return "must contain at least one letter (a-z)"
    if "--" in value:
        return "must not contain consecutive hyphens"
    if value.startswith("-") or value.endswith("-"):
        return "must not begin or end with a hyphen"
    return ""


def percent(value: str) -> str:
    """Check a percentage such as ``25%``."""
    if re.fullmatch(r"[0-9]+%", value, re.ASCII):
        return ""
    return "a valid percent string must be a numeric string followed by an ending '%' (e.g. '1%',  or '93%', regex " \
        "used for validation is '[0-9]+%')"  # fmt: skip


def ip_address(value: str) -> str:
    """Check an IPv4 or IPv6 address."""
    try:
        ipaddress.ip_address(value)
    except ValueError:
        return "must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)"
    return ""


def cidr(value: str) -> str:
    """Check a network such as ``10.0.0.0/8``."""
    address, slash, bits = value.partition("/")
    if slash and bits.isdigit() and not ip_address(address):
        version = ipaddress.ip_address(address).version
        if int(bits) <= (32 if version == 4 else 128):
            return ""
    return "must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)"


def image(value: str) -> str:
    """Check an image reference; the API server takes any text, the node then refuses a bad one."""
    if value != value.strip():
        return "must not have leading or trailing whitespace"
    if _IMAGE.fullmatch(value):
        return ""
    if any(char.isupper() for char in value.rpartition("@")[0] or value.partition(":")[0]):
        return "couldn't parse image name: repository name must be lowercase"
    return "couldn't parse image name: invalid reference format"
