"""A camera's RTSP server, of GStreamer: rtsp_camera.py CODEC [FILE] [--port PORT] [--auth basic|digest USER PASSWORD] [--sound].

CODEC is jpeg (a live picture), or h264 or h265 (of the MP4 file FILE). Prints its port and serves rtsp://127.0.0.1:PORT/live.
"""
import sys

import gi

gi.require_version("Gst", "1.0")
gi.require_version("GstRtspServer", "1.0")
from gi.repository import GLib, Gst, GstRtspServer  # noqa: E402

arguments = sys.argv[1:]


def option(name, count):
    if name not in arguments:
        return None
    at = arguments.index(name)
    values = arguments[at + 1 : at + 1 + count]
    del arguments[at : at + 1 + count]
    return values


port = option("--port", 1) or ["0"]
auth = option("--auth", 3)
sound = option("--sound", 0) is not None
codec = arguments[0]
Gst.init(None)
server = GstRtspServer.RTSPServer()
server.set_address("127.0.0.1")
server.set_service(port[0])
factory = GstRtspServer.RTSPMediaFactory()
if codec == "jpeg":
    launch = (
        "videotestsrc is-live=true pattern=ball ! video/x-raw,width=320,height=240,framerate=20/1,format=I420"
        " ! jpegenc quality=85 ! rtpjpegpay name=pay0 pt=26"
    )
else:
    launch = f"filesrc location={arguments[1]} ! qtdemux ! rtp{codec}pay name=pay0 pt=96 config-interval=-1"
if sound:
    launch += " audiotestsrc is-live=true ! audio/x-raw,rate=8000,channels=1 ! mulawenc ! rtppcmupay name=pay1 pt=0"
factory.set_launch(f"( {launch} )")
factory.set_shared(codec == "jpeg")
server.get_mount_points().add_factory("/live", factory)
if auth:
    way, user, password = auth
    access = GstRtspServer.RTSPAuth()
    token = GstRtspServer.RTSPToken()
    token.set_string("media.factory.role", user)
    if way == "basic":
        access.add_basic(GstRtspServer.RTSPAuth.make_basic(user, password), token)
    else:
        access.set_supported_methods(2)
        access.add_digest(user, password, token)
    server.set_auth(access)
    permissions = GstRtspServer.RTSPPermissions()
    permissions.add_role(user)
    permissions.add_permission_for_role(user, "media.factory.access", True)
    permissions.add_permission_for_role(user, "media.factory.construct", True)
    factory.set_permissions(permissions)

if server.attach(None) == 0:
    sys.exit(f"{port[0]} cannot be listened on")
print(server.get_bound_port(), flush=True)
GLib.MainLoop().run()
