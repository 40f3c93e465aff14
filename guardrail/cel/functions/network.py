"""Addresses of networks, as Kubernetes' CEL library has them: `ip` and `cidr`; and what a Terraform plan is asked for."""

from __future__ import annotations

import ipaddress
from typing import Any

from guardrail.cel.failures import FunctionError
from guardrail.cel.functions.function import fault, function
from guardrail.cel.functions.values import shown, tagged, untagged

IP, CIDR = "net.IP", "net.CIDR"
Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Network = ipaddress.IPv4Interface | ipaddress.IPv6Interface


def _address(text: str) -> Address:
    try:
        found = ipaddress.ip_address(text)
    except ValueError:
        raise fault() from None
    if isinstance(found, ipaddress.IPv6Address) and (found.scope_id or ("." in text)):
        raise fault()  # Kubernetes refuses zones, and IPv4 in the clothes of IPv6
    return found


def _block(text: str) -> Network:
    try:
        address, slash, length = text.partition("/")
        if not slash or not length.isdecimal() or (len(length) > 1 and length[0] == "0"):
            raise fault()
        _address(address)
        return ipaddress.ip_interface(text)
    except ValueError:
        raise fault() from None


def _read_ip(value: str) -> Address:
    return ipaddress.ip_address(untagged(value, IP))


def _read_cidr(value: str) -> Network:
    return ipaddress.ip_interface(untagged(value, CIDR))


@function("ip", params="s", result="x")
def ip(text: str) -> str:
    """Read an address."""
    return tagged(IP, str(_address(text)))


@function("isIP", params="s", result="b")
def is_ip(text: str) -> bool:
    """Say whether a text is an address."""
    return _reads(_address, text)


@function("ip.isCanonical", params="s", result="b")
def is_canonical(text: str) -> bool:
    """Say whether an address is spelled as it is printed."""
    return str(_address(text)) == text


@function("cidr", params="s", result="x")
def cidr(text: str) -> str:
    """Read a block of addresses."""
    return tagged(CIDR, str(_block(text)))


@function("isCIDR", params="s", result="b")
def is_cidr(text: str) -> bool:
    """Say whether a text is a block of addresses."""
    return _reads(_block, text)


def _reads(read: Any, text: str) -> bool:
    try:
        read(text)
    except FunctionError:
        return False
    return True


function(".family", params="x", result="i")(lambda value: _read_ip(value).version)
function(".isUnspecified", params="x", result="b")(lambda value: _read_ip(value).is_unspecified)
function(".isLoopback", params="x", result="b")(lambda value: _read_ip(value).is_loopback)
function(".isLinkLocalUnicast", params="x", result="b")(lambda value: _read_ip(value).is_link_local)


@function(".isLinkLocalMulticast", params="x", result="b")
def is_link_local_multicast(value: str) -> bool:
    """Say whether an address is of the multicast block of a link: 224.0.0.0/24, ff02::/16."""
    address = _read_ip(value)
    block = "224.0.0.0/24" if isinstance(address, ipaddress.IPv4Address) else "ff02::/16"
    return address in ipaddress.ip_network(block)


@function(".isGlobalUnicast", params="x", result="b")
def is_global_unicast(value: str) -> bool:
    """Say whether an address is of one machine, and not of a loopback or a link; private ones are."""
    address = _read_ip(value)
    is_broadcast = str(address) == "255.255.255.255"
    other = address.is_unspecified or address.is_loopback or address.is_multicast or address.is_link_local
    return not (other or is_broadcast)


@function(".containsIP", params="x xs", result="b")
def contains_ip(value: str, other: str) -> bool:
    """Say whether a block has an address, given as one or as text."""
    block = _read_cidr(value).network
    address = _read_ip(other) if other.startswith(tagged(IP, "")) else _address(other)
    return address.version == block.version and address in block


@function(".containsCIDR", params="x xs", result="b")
def contains_cidr(value: str, other: str) -> bool:
    """Say whether a block has all of another."""
    block = _read_cidr(value).network
    inner = _read_cidr(other) if other.startswith(tagged(CIDR, "")) else _block(other)
    return inner.version == block.version and inner.network.subnet_of(block)  # type: ignore[arg-type]


@function(".ip", params="x", result="x")
def address_of(value: str) -> str:
    """Return the address that a block is spelled with."""
    return tagged(IP, str(_read_cidr(value).ip))


@function(".masked", params="x", result="x")
def masked(value: str) -> str:
    """Return the block with its first address."""
    return tagged(CIDR, str(_read_cidr(value).network))


@function(".prefixLength", params="x", result="i")
def prefix_length(value: str) -> int:
    """Return how many bits all addresses of a block share."""
    return _read_cidr(value).network.prefixlen


@function("cidr_size", params="s", result="d")
def cidr_size(value: str) -> float:
    """Return the number of addresses in a block."""
    try:
        return float(ipaddress.ip_network(value, strict=False).num_addresses)
    except ValueError:
        raise FunctionError(f"not a CIDR block: {shown(value)}") from None
