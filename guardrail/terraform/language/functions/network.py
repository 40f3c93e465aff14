"""Functions over addresses and prefixes of IP."""

from __future__ import annotations

import ipaddress
import re

from guardrail.terraform.language.functions.signature import Function, FunctionError, NotEvaluated, Parameter, whole
from guardrail.terraform.language.types import BOOL, NUMBER, STRING, ListType
from guardrail.terraform.language.values import Value, boolean, list_, string

_TEXT = Parameter(STRING)
_NUMBER = Parameter(NUMBER)
_Address = ipaddress.IPv4Address | ipaddress.IPv6Address
_Network = ipaddress.IPv4Network | ipaddress.IPv6Network
# Terraform still reads 010 as 10, which Python refuses.
_LEADING_ZEROS = re.compile(r"(?<![0-9a-fA-F:])0+(?=\d)(?=[\d.]*\.|\d*(?:/|$))")
_LONGEST_EXTENSION = 32  # bits; Terraform's own bound


def _address(text: str) -> _Address:
    found = ipaddress.ip_address(_LEADING_ZEROS.sub("", text) if ":" not in text else text)
    # Go takes ::ffff:1.2.3.4 for the address of IPv4, and refuses fe80::1%eth0.
    if isinstance(found, ipaddress.IPv6Address) and (found.ipv4_mapped or found.scope_id):
        raise NotEvaluated(f"the address {text}")
    return found


def _network(prefix: Value) -> _Network:
    address, slash, length = prefix.raw.partition("/")
    if not slash or not length.isascii() or not length.isdigit() or len(length) > 3:  # noqa: PLR2004
        raise FunctionError(f"invalid CIDR expression: invalid CIDR address: {prefix.raw}")
    try:
        return ipaddress.ip_network(f"{_address(address)}/{int(length)}", strict=False)
    except ValueError:
        raise FunctionError(f"invalid CIDR expression: invalid CIDR address: {prefix.raw}") from None


def _numbered(network: _Network, number: int) -> _Address:
    return type(network.network_address)(number)


def cidrhost(prefix: Value, host: Value) -> Value:
    """Return the address with a number in a prefix, counted from its end where negative."""
    network, number = _network(prefix), whole(host)
    if (number if number >= 0 else -number - 1) >= network.num_addresses:
        raise FunctionError(f"prefix of {network.prefixlen} does not accommodate a host numbered {number}")
    first = int(network.network_address)
    return string(str(_numbered(network, first + (number if number >= 0 else network.num_addresses + number))))


def cidrnetmask(prefix: Value) -> Value:
    """Return the netmask of a prefix of IPv4."""
    network = _network(prefix)
    if isinstance(network, ipaddress.IPv6Network):
        raise FunctionError(f"IPv6 addresses cannot have a netmask: {prefix.raw}")
    return string(str(network.netmask))


def cidrsubnet(prefix: Value, bits: Value, number: Value) -> Value:
    """Return the subnet with a number, of a prefix that is longer by some bits."""
    network, more, which = _network(prefix), whole(bits), whole(number)
    length = network.prefixlen + more
    if length > network.max_prefixlen:
        raise FunctionError(f"insufficient address space to extend prefix of {network.prefixlen} by {more}")
    if more < 0 or which < 0:
        raise NotEvaluated("a subnet of a negative number")
    if which >= 1 << more:
        raise FunctionError(f"prefix extension of {more} does not accommodate a subnet numbered {which}")
    first = int(network.network_address) + (which << (network.max_prefixlen - length))
    return string(f"{_numbered(network, first)}/{length}")


def cidrsubnets(prefix: Value, *bits: Value) -> Value:
    """Return consecutive subnets, each of a prefix longer by its own number of bits."""
    network, found = _network(prefix), []
    following = int(network.network_address)
    end = following + network.num_addresses
    for more in map(whole, bits):
        length = network.prefixlen + more
        if more < 1:
            raise FunctionError("must extend prefix by at least one bit")
        if more > _LONGEST_EXTENSION:
            raise FunctionError("may not extend prefix by more than 32 bits")
        if length > network.max_prefixlen:
            raise FunctionError(
                f"would extend prefix to {length} bits, which is too long for an IPv{network.version} address"
            )
        size = 1 << (network.max_prefixlen - length)
        start = -(-following // size) * size  # rounded up: a subnet begins at a multiple of its size
        if start + size > end:
            raise FunctionError(f"not enough remaining address space for a subnet with a prefix of {length} bits")
        found.append(string(f"{_numbered(network, start)}/{length}"))
        following = start + size
    return list_(found, STRING)


def cidrcontains(prefix: Value, address: Value) -> Value:
    """Return whether an address or a prefix lies in a prefix (OpenTofu)."""
    network = _network(prefix)
    try:
        inner = _network(address) if "/" in address.raw else ipaddress.ip_network(str(_address(address.raw)))
    except ValueError:
        raise FunctionError(f"invalid IP address or prefix: {address.raw}") from None
    if inner.version != network.version:
        raise FunctionError(f"address family mismatch: {prefix.raw} vs. {address.raw}")
    return boolean(inner.subnet_of(network))  # type: ignore[arg-type]


FUNCTIONS = {
    "cidrcontains": Function((_TEXT, _TEXT), BOOL, cidrcontains, not_null=False),
    "cidrhost": Function((_TEXT, _NUMBER), STRING, cidrhost),
    "cidrnetmask": Function((_TEXT,), STRING, cidrnetmask),
    "cidrsubnet": Function((_TEXT, _NUMBER, _NUMBER), STRING, cidrsubnet),
    "cidrsubnets": Function((_TEXT,), ListType(STRING), cidrsubnets, variadic=_NUMBER),
}
