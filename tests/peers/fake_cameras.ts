/** A street of cameras, each with an address of its own: what answers at which port, and what discovery must make of it. */
import type { FakeHttp } from "./fake_http.ts";
import type { FakeRtsp } from "./fake_rtsp.ts";

export interface Port {
	readonly rtsp?: FakeRtsp;
	readonly http?: FakeHttp;
	/** Bytes without any sense, without end. */
	readonly garbage?: boolean;
	/** Takes connections and says nothing. */
	readonly silent?: boolean;
}

export interface Camera {
	/** What it is, in a few words. */
	readonly name: string;
	/** Last octet of its address, and of its MAC address. */
	readonly host: number;
	readonly ports?: Readonly<Record<number, Port>>;
	/** Answers no ICMP echo request. */
	readonly noPing?: boolean;
	/** Ports whose packets disappear. */
	readonly blackHoles?: readonly number[];
	/** What discovery finds there: "type port path". TCP records of RTSP ports are not told. */
	readonly found: readonly string[];
}

const H264: FakeRtsp = { streams: { "/live": "h264" } };
const at = (port: number, rtsp: FakeRtsp): Record<number, Port> => ({ [port]: { rtsp } });
const web = (port: number, http: FakeHttp): Record<number, Port> => ({ [port]: { http } });

/** Paths that the tests' configuration lists, in the order of asking. */
export const RTSP_PATHS: readonly string[] = [
	"/",
	"/11",
	"/12",
	"/live",
	"/cam/realmonitor?channel=1&subtype=0",
	"/mpeg4",
	"/stream",
];
export const MJPEG_PATHS: readonly string[] = ["/video.mjpeg", "/snapshot.jpg", "/mjpeg?res=full"];

/** Each class and quirk once; hosts below 10 belong to real programs. */
export const CAMERAS: readonly Camera[] = [
	{ name: "H.264", host: 11, ports: at(554, H264), found: ["rtsp 554 /live"] },
	{
		name: "H.265",
		host: 12,
		ports: at(554, { streams: { "/cam/realmonitor?channel=1&subtype=0": "h265" } }),
		found: ["rtsp 554 /cam/realmonitor?channel=1&subtype=0"],
	},
	{ name: "MPEG-4", host: 13, ports: at(554, { streams: { "/mpeg4": "mpeg4" }, closes: true }), found: ["rtsp 554 /mpeg4"] },
	{ name: "MJPEG over RTSP", host: 14, ports: at(88, { streams: { "/stream": "jpeg" } }), found: ["rtsp 88 /stream"] },
	{ name: "locked RTSP", host: 15, ports: at(554, { ...H264, locked: true }), found: ["locked-rtsp 554 "] },
	{
		name: "RTSP without a known path",
		host: 16,
		ports: at(554, { streams: { "/secret": "h264" } }),
		found: ["unknown-rtsp 554 "],
	},
	{ name: "sound alone", host: 17, ports: at(554, { streams: { "/live": "pcmu" } }), found: ["unsupported-rtsp 554 /live"] },
	{ name: "VP8", host: 18, ports: at(8554, { streams: { "/stream": "vp8" } }), found: ["unsupported-rtsp 8554 /stream"] },
	{
		name: "a Hipcam, which says yes to every path",
		host: 19,
		ports: at(554, { streams: { "/11": "h264", "/12": "h264", "*": "h264" }, server: "Hipcam RealServer/V1.0" }),
		found: ["rtsp 554 /11"],
	},
	{ name: "RTSP on an odd port", host: 20, ports: at(10_554, { streams: { "*": "h264" } }), found: ["rtsp 10554 /"] },
	{ name: "RTSP on two ports", host: 21, ports: { ...at(8554, H264), ...at(7447, H264) }, found: ["rtsp 7447 /live"] },
	{ name: "a web server", host: 22, ports: web(80, {}), found: ["http 80 "] },
	{
		name: "an endless MJPEG stream",
		host: 23,
		ports: web(8080, { paths: { "/video.mjpeg": "stream" } }),
		found: ["http 8080 ", "mjpeg 8080 /video.mjpeg"],
	},
	{
		name: "single pictures",
		host: 24,
		ports: web(80, { paths: { "/snapshot.jpg": "picture" } }),
		found: ["http 80 ", "mjpeg 80 /snapshot.jpg"],
	},
	{
		name: "locked MJPEG",
		host: 25,
		ports: web(81, { locked: ["/video.mjpeg", "/snapshot.jpg", "/mjpeg?res=full"] }),
		found: ["http 81 ", "locked-mjpeg 81 "],
	},
	{ name: "one that answers no ping", host: 26, ports: at(555, H264), noPing: true, found: ["rtsp 555 /live"] },
	{
		name: "one behind a firewall that drops",
		host: 27,
		ports: web(8090, {}),
		noPing: true,
		blackHoles: [80, 81, 88, 554, 555, 6667, 7070, 7447, 8080, 8081, 8554, 10_554],
		found: ["http 8090 "],
	},
	{ name: "no services at all", host: 28, found: [] },
	{
		name: "a slow one",
		host: 29,
		ports: { ...at(554, { ...H264, delay: 900, dribble: true }), ...web(80, { delay: 900 }) },
		found: ["rtsp 554 /live", "http 80 "],
	},
	{
		name: "garbage and silence",
		host: 30,
		ports: { 554: { garbage: true }, 80: { silent: true }, 8080: { garbage: true } },
		found: [],
	},
	{
		name: "headers without end",
		host: 31,
		ports: { ...web(80, { endlessHeader: true }), ...web(8081, { longLine: 10_000 }), ...at(7070, H264) },
		found: ["rtsp 7070 /live"],
	},
];

/** Cameras that are never to be touched. */
export const EXCLUDED: readonly Camera[] = [
	{ name: "excluded by its address", host: 40, ports: at(554, H264), found: [] },
	{ name: "excluded by its network", host: 49, ports: at(554, H264), found: [] },
	{ name: "excluded by its MAC address", host: 60, ports: at(554, H264), found: [] },
];
