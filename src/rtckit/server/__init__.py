"""What RTCKit serves over HTTP: ASGI apps to run alone or to mount in another (extra ``server``).

:mod:`rtckit.server.demo` is a page and a peer to try data channels with.
"""
