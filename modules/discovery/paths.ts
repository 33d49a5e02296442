/*
 * Paths that cameras are known to use, the commonest first: each costs a request at a camera that does not have it.
 * Configuration may replace them (`discovery.paths`).
 */

/** Paths of RTSP streams. */
export const RTSP_PATHS: readonly string[] = Object.freeze([
	"/",
	/* small boards and much software */
	"/live",
	"/stream",
	/* Dahua, Amcrest, Lorex */
	"/cam/realmonitor?channel=1&subtype=0",
	/* Hikvision, Annke, LTS; their older firmware */
	"/Streaming/Channels/101",
	"/Streaming/Channels/1",
	"/h264/ch1/main/av_stream",
	"/PSIA/Streaming/channels/1",
	/* Axis */
	"/axis-media/media.amp",
	"/mpeg4/media.amp",
	/* Hipcam and what is sold with it under many names */
	"/11",
	"/12",
	/* TP-Link, Vigi, Mercury; XMEye; Yi */
	"/stream1",
	"/stream2",
	"/ch0_0.h264",
	"/ch01.264",
	"/ch0",
	/* Reolink */
	"/h264Preview_01_main",
	"/h265Preview_01_main",
	"/Preview_01_main",
	/* Foscam */
	"/videoMain",
	"/videoSub",
	/* Ubiquiti */
	"/s0",
	"/s1",
	/* Uniview, TVT, Tiandy */
	"/media/video1",
	"/unicast/c1/s0/live",
	"/profile1",
	/* Samsung, Hanwha */
	"/profile2/media.smp",
	"/onvif/profile2/media.smp",
	/* Vivotek, Mobotix */
	"/live.sdp",
	"/live2.sdp",
	"/mobotix.h264",
	/* Panasonic, i-PRO */
	"/MediaInput/h264",
	"/MediaInput/h264/stream_1",
	"/MediaInput/mpeg4",
	/* Bosch, Sony, Pelco, Arecont */
	"/rtsp_tunnel",
	"/video1",
	"/h264",
	"/stream1?h264",
	"/h264.sdp",
	"/media/media.amp",
	/* D-Link, Trendnet, Grandstream, ACTi */
	"/play1.sdp",
	"/play2.sdp",
	"/live1.sdp",
	"/0",
	"/1",
	"/track1",
	/* ONVIF servers, small boards, software */
	"/onvif1",
	"/onvif/profile1/media.smp",
	"/profile0",
	"/live/main",
	"/live/ch0",
	"/live/ch00_0",
	"/live/0/MAIN",
	"/live/mpeg4",
	"/live/h264",
	"/live_mpeg4.sdp",
	"/live_h264.sdp",
	"/main",
	"/mpeg4",
	"/mpeg4/1/media.amp",
	"/mjpeg/1",
	"/image.mpg",
	"/cam",
	"/cam0",
	"/cam1",
	"/camera",
	"/video",
	"/video.mp4",
	"/video.h264",
	"/streaming",
	"/unicast",
	"/test",
	"/ipcam.sdp",
	"/ipcam_h264.sdp",
	"/user=admin_password=_channel=1_stream=0.sdp",
]);

/** Paths of MJPEG streams and of single pictures. */
export const MJPEG_PATHS: readonly string[] = Object.freeze([
	"/",
	/* Axis and many that took its way over */
	"/axis-cgi/mjpg/video.cgi",
	"/mjpg/video.mjpg",
	"/axis-cgi/jpg/image.cgi",
	/* mjpg-streamer, motion, OctoPrint */
	"/?action=stream",
	"/webcam/?action=stream",
	"/stream",
	"/stream.mjpg",
	/* small boards */
	"/stream.mjpeg",
	"/video.mjpeg",
	"/mjpeg",
	"/mjpeg/1",
	"/mjpeg.cgi",
	"/capture",
	/* Foscam and its clones */
	"/videostream.cgi",
	"/cgi-bin/CGIStream.cgi?cmd=GetMJStream",
	"/snapshot.cgi",
	/* D-Link, Trendnet, TP-Link, Linksys, Cisco */
	"/video.cgi",
	"/video/mjpg.cgi",
	"/cgi/mjpg/mjpg.cgi",
	"/img/video.mjpeg",
	"/img/mjpeg.cgi",
	"/jpg/image.jpg",
	/* Panasonic, Sony, Vivotek, Mobotix, Bosch, Arecont */
	"/nphMotionJpeg?Resolution=640x480",
	"/cgi-bin/mjpeg?resolution=640x480",
	"/mjpeg?res=full",
	"/image",
	"/oneshotimage.jpg",
	"/video.mjpg",
	"/video2.mjpg",
	"/cgi-bin/faststream.jpg?stream=full",
	"/snap.jpg?JpegSize=M",
	"/img.jpg",
	/* Hikvision, Dahua, Samsung, Ubiquiti, Reolink */
	"/ISAPI/Streaming/channels/102/httpPreview",
	"/Streaming/channels/1/picture",
	"/cgi-bin/mjpg/video.cgi?channel=1&subtype=1",
	"/cgi-bin/snapshot.cgi",
	"/cgi-bin/video.cgi?msubmenu=mjpg",
	"/snap.jpeg",
	"/cgi-bin/api.cgi?cmd=Snap&channel=0",
	/* others */
	"/video",
	"/video.jpg",
	"/live.jpg",
	"/image.jpg",
	"/image.cgi",
	"/cgi-bin/video.jpg",
	"/cgi-bin/viewer/video.jpg",
	"/tmpfs/auto.jpg",
	"/frame.jpg",
	"/snapshot.jpg",
	"/shot.jpg",
	"/videofeed",
	"/cam.jpg",
	"/cam_1.jpg",
]);
