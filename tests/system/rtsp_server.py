"""An RTSP server of GStreamer for one MP4 file: rtsp_server.py FILE [ADDRESS PORT CODEC]. CODEC is h264 or h265.

Prints its port and serves rtsp://ADDRESS:PORT/live, on a port of loopback unless told otherwise.
"""
import sys

import gi

gi.require_version("Gst", "1.0")
gi.require_version("GstRtspServer", "1.0")
from gi.repository import GLib, Gst, GstRtspServer  # noqa: E402

file, address, port, codec = (sys.argv[1:] + ["127.0.0.1", "0", "h264"][len(sys.argv) - 2 :])[:4]
Gst.init(None)
server = GstRtspServer.RTSPServer()
server.set_address(address)
server.set_service(port)
factory = GstRtspServer.RTSPMediaFactory()
factory.set_launch(f"( filesrc location={file} ! qtdemux ! rtp{codec}pay name=pay0 pt=96 config-interval=-1 )")
server.get_mount_points().add_factory("/live", factory)
if server.attach(None) == 0:
    sys.exit(f"{address}:{port} cannot be listened on")
print(server.get_bound_port(), flush=True)
GLib.MainLoop().run()
