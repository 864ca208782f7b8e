"""A media section: an ``m=`` line and what follows it."""

from __future__ import annotations

from rtckit.sdp.attribute import parse_mid
from rtckit.sdp.channel import SctpMap, parse_max_message_size, parse_sctp_port
from rtckit.sdp.fields import MediaLine
from rtckit.sdp.media_format import FormatParameters, RtcpAddress, RtcpFeedback, RtpMap
from rtckit.sdp.media_source import Msid, Rid, Simulcast, Ssrc, SsrcGroup
from rtckit.sdp.section import Section

__all__ = ["MediaDescription"]


class MediaDescription(Section):
    """A media section. Its first line is the ``m=`` line."""

    __slots__ = ()

    def copy(self) -> MediaDescription:
        """A section with the same lines, to be changed on its own."""
        return MediaDescription(self.lines)

    @property
    def media_line(self) -> MediaLine:
        """The ``m=`` line; set it to change the line."""
        return MediaLine.parse(self.lines[0].text)

    @media_line.setter
    def media_line(self, value: MediaLine) -> None:
        self.set_field("m", str(value))

    @property
    def kind(self) -> str:
        """``"audio"``, ``"video"``, ``"application"`` ..."""
        return self.media_line.kind

    @property
    def port(self) -> int:
        """The ``m=`` line's port; 0 says rejected, or bundle-only."""
        return self.media_line.port

    @property
    def protocol(self) -> str:
        """The ``m=`` line's protocol, e.g. ``"UDP/TLS/RTP/SAVPF"``."""
        return self.media_line.protocol

    @property
    def formats(self) -> tuple[str, ...]:
        """The ``m=`` line's formats."""
        return self.media_line.formats

    @property
    def mid(self) -> str | None:
        """``a=mid`` (RFC 5888 §4)."""
        value = self.attribute("mid")
        return None if value is None else parse_mid(value)

    @property
    def bundle_only(self) -> bool:
        """``a=bundle-only``: port 0, but only when not bundled (RFC 9143 §6)."""
        return self.has("bundle-only")

    @property
    def rejected(self) -> bool:
        """Port 0 and not bundle-only: the section is not in use (RFC 3264 §6, RFC 9143 §6)."""
        return self.port == 0 and not self.bundle_only

    @property
    def candidates(self) -> tuple[str, ...]:
        """The candidates as text, without ``candidate:`` (RFC 8839 §5.1)."""
        return tuple(self.attributes("candidate"))

    @property
    def end_of_candidates(self) -> bool:
        """``a=end-of-candidates`` (RFC 8838 §14, RFC 8840 §8.2)."""
        return self.has("end-of-candidates")

    @property
    def sctp_port(self) -> int | None:
        """The SCTP port: ``a=sctp-port``, or of old the format that ``a=sctpmap`` explains."""
        value = self.attribute("sctp-port")
        if value is not None:
            return parse_sctp_port(value)
        sctpmap = self.sctpmap
        return None if sctpmap is None else sctpmap.port

    @property
    def sctpmap(self) -> SctpMap | None:
        """The ``a=sctpmap`` line that belongs to the ``m=`` line's format, or the first."""
        maps = [SctpMap.parse(value) for value in self.attributes("sctpmap")]
        formats = self.formats
        return next((entry for entry in maps if str(entry.port) in formats), next(iter(maps), None))

    @property
    def max_message_size(self) -> int | None:
        """``a=max-message-size`` in bytes (RFC 8841 §6.1); ``None`` without one."""
        value = self.attribute("max-message-size")
        return None if value is None else parse_max_message_size(value)

    @property
    def rtpmaps(self) -> tuple[RtpMap, ...]:
        """The ``a=rtpmap`` lines."""
        return tuple(RtpMap.parse(value) for value in self.attributes("rtpmap"))

    @property
    def format_parameters(self) -> tuple[FormatParameters, ...]:
        """The ``a=fmtp`` lines."""
        return tuple(FormatParameters.parse(value) for value in self.attributes("fmtp"))

    @property
    def rtcp_feedback(self) -> tuple[RtcpFeedback, ...]:
        """The ``a=rtcp-fb`` lines."""
        return tuple(RtcpFeedback.parse(value) for value in self.attributes("rtcp-fb"))

    @property
    def rtcp(self) -> RtcpAddress | None:
        """``a=rtcp`` (RFC 3605 §2.1)."""
        value = self.attribute("rtcp")
        return None if value is None else RtcpAddress.parse(value)

    @property
    def rtcp_mux(self) -> bool:
        """``a=rtcp-mux`` (RFC 5761 §5.1.1)."""
        return self.has("rtcp-mux")

    @property
    def rtcp_mux_only(self) -> bool:
        """``a=rtcp-mux-only`` (RFC 8858 §3)."""
        return self.has("rtcp-mux-only")

    @property
    def rtcp_rsize(self) -> bool:
        """``a=rtcp-rsize`` (RFC 5506 §5)."""
        return self.has("rtcp-rsize")

    @property
    def msids(self) -> tuple[Msid, ...]:
        """The ``a=msid`` lines."""
        return tuple(Msid.parse(value) for value in self.attributes("msid"))

    @property
    def ssrcs(self) -> tuple[Ssrc, ...]:
        """The ``a=ssrc`` lines."""
        return tuple(Ssrc.parse(value) for value in self.attributes("ssrc"))

    @property
    def ssrc_groups(self) -> tuple[SsrcGroup, ...]:
        """The ``a=ssrc-group`` lines."""
        return tuple(SsrcGroup.parse(value) for value in self.attributes("ssrc-group"))

    @property
    def rids(self) -> tuple[Rid, ...]:
        """The ``a=rid`` lines."""
        return tuple(Rid.parse(value) for value in self.attributes("rid"))

    @property
    def simulcast(self) -> Simulcast | None:
        """``a=simulcast`` (RFC 8853 §5.1)."""
        value = self.attribute("simulcast")
        return None if value is None else Simulcast.parse(value)
