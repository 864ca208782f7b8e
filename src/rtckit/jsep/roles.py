"""Who is client and who server in the DTLS handshake (RFC 5763 §5, RFC 8842 §5)."""

from __future__ import annotations

from typing import Final

from rtckit.errors import InvalidAccessError
from rtckit.jsep.parameters import DtlsRole

__all__ = ["answer_setup", "offer_setup", "offerer_role", "opposite"]

#: Setup of the offer, setup of the answer → the offerer's role (RFC 4145 §4.1).
_OFFERER_ROLES: Final[dict[tuple[str, str], DtlsRole]] = {
    ("actpass", "active"): "server",
    ("actpass", "passive"): "client",
    ("active", "passive"): "client",
    ("passive", "active"): "server",
}

_SETUPS: Final[dict[DtlsRole, str]] = {"client": "active", "server": "passive"}


def opposite(role: DtlsRole) -> DtlsRole:
    """The other side's role."""
    return "client" if role == "server" else "server"


def offer_setup(forced: DtlsRole | None) -> str:
    """The ``a=setup`` of our offers.

    ``actpass``, in subsequent offers too (RFC 9429 §5.2.1, RFC 8842 §5.5), unless the
    application forces a role, as RFC 5763 §5 lets it.
    """
    return "actpass" if forced is None else _SETUPS[forced]


def answer_setup(offered: str, forced: DtlsRole | None, existing: DtlsRole | None) -> str:
    """The ``a=setup`` of our answer to an offer with ``offered``.

    :param forced: the role that the application wants.
    :param existing: our role in the DTLS association that goes on, if one does.
    :raises InvalidAccessError: no answer fits.
    """
    # RFC 9429 §5.3.2: the role of the association that is being continued is kept.
    role = existing or forced
    # RFC 9429 §5.3.1: active where there is a choice.
    setup = _SETUPS[role] if role else ("passive" if offered == "active" else "active")
    if (offered, setup) not in _OFFERER_ROLES:
        why = "of the DTLS association" if existing else "that is forced"
        raise InvalidAccessError(
            f"a=setup:{offered} in the offer leaves no room for our role {why}, {role}"
        )
    return setup


def offerer_role(offered: str, answered: str) -> DtlsRole:
    """The role of the side that offered ``offered`` and got ``answered``.

    :raises InvalidAccessError: the answer does not fit the offer.
    """
    role = _OFFERER_ROLES.get((offered, answered))
    if role is None:
        raise InvalidAccessError(f"a=setup:{answered} does not answer a=setup:{offered}")
    return role
