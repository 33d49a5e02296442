import type { CameraConfig, CameraHTTPConfig } from "device/config";
import type { Part } from "device/part";
import { DeviceRandom } from "device/random";
import { kind } from "files/files";
import type { Logger } from "host/logger";
import { Camera, type SourceOpener } from "media/camera";
import { FrameStore, frameStoreBytes } from "media/frames";
import { MJPEGFile } from "media/mjpeg_file";
import { MJPEGServer, serverBytes } from "media/mjpeg_server";
import { PictureFolder } from "media/picture_folder";
import { CODEC_JPEG } from "media/rtsp/codecs";
import { planRTSP, RTSP_FIGURES_BYTES, RTSPEndpoint } from "media/rtsp/endpoint";
import type { RTSPHandler } from "media/rtsp/handler";
import { JPEGSource, jpegSourceBytes } from "media/rtsp/jpeg_source";
import { type RTSPSettings, rtspSettings } from "media/rtsp/settings";
import { isRTSP } from "media/rtsp/url";
import { HEADROOM, SharedBody, Site, TAILROOM } from "media/site";
import type { FrameSource } from "media/source";
import { V4L2Source } from "media/v4l2_source";
import { Datagram } from "net/datagram";
import Resolver from "net/resolver";
import { Stream } from "net/stream";
import type { Arena } from "storage/arena";
import type { MemoryPlan } from "storage/plan";
import { monotonic } from "time/clock";
import Timer from "time/timer";
import { AsciiWriter, constantText } from "wire/ascii";
import type { Figures } from "wire/figures";

const PLAN_FRAMES = "camera frames";
const PLAN_HTTP = "camera HTTP connections";
const PLAN_FIGURES = "camera figures";
const PLAN_PICTURE = "camera picture from RTSP";
/** Bytes of /metrics.json at most, without the figures whose number the configuration decides. */
const FIGURES_BYTES = 6144;
/** A single picture is refused when the newest is older than this (ms), or than so many frames. */
const STALE_TIME = 10_000;
const STALE_FRAMES = 5;

const KEY = Object.freeze({
	accepted: constantText("accepted"),
	camera: constantText("camera"),
	connections: constantText("connections"),
	damaged: constantText("damaged"),
	failures: constantText("failures"),
	frames: constantText("frames"),
	framesSent: constantText("framesSent"),
	http: constantText("http"),
	late: constantText("late"),
	limit: constantText("limit"),
	oversized: constantText("oversized"),
	refused: constantText("refused"),
	requests: constantText("requests"),
	skipped: constantText("skipped"),
	starved: constantText("starved"),
	timeouts: constantText("timeouts"),
	unavailable: constantText("unavailable"),
	viewers: constantText("viewers"),
});

/** Codecs of an RTSP source that the HTTP server can show, as a sum of bits. */
export const SHOWN_CODECS = 1 << CODEC_JPEG;

/** What the camera asks of an RTSP server. `codecs`: those of video that are taken. @throws RangeError naming the key. */
function rtspOf(config: CameraConfig, codecs: number): RTSPSettings | undefined {
	if (!isRTSP(config.source)) return undefined;
	const hint =
		codecs === SHOWN_CODECS
			? "the HTTP server shows JPEG alone; H264 and H265 are sent on by arcrtc, which is not configured"
			: "";
	return rtspSettings(config, codecs, 0, hint);
}

/**
 * Reserves what a {@link CameraPart} needs; `figures` bytes of /metrics.json besides the usual ones; `codecs` as for the part.
 * @throws RangeError naming the key that is wrong.
 */
export function planCamera(plan: MemoryPlan, config: CameraConfig, figures = 0, codecs = SHOWN_CODECS): void {
	const rtsp = rtspOf(config, codecs);
	if (rtsp !== undefined) {
		planRTSP(plan, rtsp);
		plan.reserve(PLAN_PICTURE, jpegSourceBytes(config.frameBytes), "camera.frameBytes");
	}
	plan.reserve(PLAN_FRAMES, frameStoreBytes(config.buffers, config.frameBytes, HEADROOM, TAILROOM), "camera.frameBytes");
	if (config.http === undefined) return;
	plan.reserve(PLAN_HTTP, serverBytes(config.http.viewers, config.http.requestBytes), "camera.http.viewers");
	plan.reserve(PLAN_FIGURES, FIGURES_BYTES + figures + (rtsp === undefined ? 0 : RTSP_FIGURES_BYTES), "");
}

/** The camera of this device: its source, the frames, and the HTTP server that shows them. Made at boot, started once. */
export class CameraPart implements Part, SourceOpener {
	readonly camera: Camera;
	readonly store: FrameStore;
	/** Of the HTTP server; undefined when the configuration has none. */
	readonly site: Site | undefined;
	readonly server: MJPEGServer | undefined;
	/** Of a camera whose source is an RTSP server. */
	readonly rtsp: RTSPEndpoint | undefined;
	readonly #pictures: JPEGSource | undefined;
	readonly #source: string;
	readonly #width: number;
	readonly #height: number;
	readonly #rate: number;
	readonly #timer: Timer;

	/** `figures` writes /metrics.json; `codecs` of an RTSP source are taken: those that the HTTP server shows, and those that `packets` sends on. */
	constructor(
		config: CameraConfig,
		plan: MemoryPlan,
		logger: Logger,
		figures: (writer: AsciiWriter) => void,
		codecs = SHOWN_CODECS,
	) {
		const arena = plan.allocate();
		const { buffers, frameBytes, rate } = config;
		const offset = plan.offset(PLAN_FRAMES);
		this.#source = config.source;
		this.#width = config.width;
		this.#height = config.height;
		this.#rate = rate;
		this.store = new FrameStore({ arena, offset, buffers, frameBytes, headroom: HEADROOM, tailroom: TAILROOM });
		this.camera = new Camera({ store: this.store, rate, opener: this, logger });
		if (config.http !== undefined) {
			this.site = this.#makeSite(config.http, plan, arena, figures);
			const { address, port, requestBytes } = config.http;
			this.server = new MJPEGServer({ site: this.site, address, port, requestBytes, offset: plan.offset(PLAN_HTTP), logger });
		}
		const rtsp = rtspOf(config, codecs);
		if (rtsp !== undefined) {
			const io = { Stream, Datagram, Resolver, Timer, monotonic };
			this.#pictures = new JPEGSource(arena, plan.offset(PLAN_PICTURE), frameBytes, () => this.#captured());
			this.rtsp = new RTSPEndpoint(rtsp, plan, io, logger, new DeviceRandom(), this.#pictures);
		}
		this.#timer = new Timer({ onTimer: () => this.#due() });
	}

	/** Who gets the packets of an RTSP source besides; set before `start`. */
	set packets(handler: RTSPHandler | undefined) {
		if (this.#pictures !== undefined) this.#pictures.next = handler;
	}

	/** Begins to listen and to take pictures. @throws Error naming address, port and reason when it cannot listen. */
	start(): void {
		this.server?.start();
		this.#timer.schedule(0);
		this.rtsp?.start();
	}

	/** An RTSP server is told goodbye. */
	stop(done: () => void): void {
		if (this.rtsp === undefined) done();
		else this.rtsp.stop(done);
	}

	close(): void {
		this.#timer.close();
		this.rtsp?.close();
		this.server?.close();
		this.camera.close();
	}

	writeFigures(figures: Figures): void {
		const { camera, store, site, server } = this;
		figures.open(KEY.camera);
		figures.number(KEY.frames, camera.frames);
		figures.number(KEY.late, camera.late);
		figures.number(KEY.failures, camera.failures);
		figures.number(KEY.oversized, camera.oversized);
		figures.number(KEY.damaged, camera.damaged);
		figures.number(KEY.starved, store.starved);
		if (site !== undefined && server !== undefined) {
			figures.number(KEY.viewers, site.viewers);
			figures.number(KEY.limit, site.viewersMaximum);
			figures.number(KEY.framesSent, site.framesSent);
			figures.number(KEY.skipped, site.framesSkipped);
			figures.open(KEY.http);
			figures.number(KEY.connections, server.connections);
			figures.number(KEY.accepted, server.accepted);
			figures.number(KEY.requests, site.requests);
			figures.number(KEY.refused, site.refused);
			figures.number(KEY.unavailable, site.unavailable);
			figures.number(KEY.timeouts, site.timeouts);
			figures.close();
		}
		this.rtsp?.writeFigures(figures);
		figures.close();
	}

	#makeSite(http: CameraHTTPConfig, plan: MemoryPlan, arena: Arena, figures: (writer: AsciiWriter) => void): Site {
		const writer = new AsciiWriter(arena.bytes);
		const metrics = new SharedBody(writer, plan.offset(PLAN_FIGURES), plan.size(PLAN_FIGURES), figures);
		const staleAfter = Math.max(STALE_TIME, (STALE_FRAMES * 1000) / this.#rate);
		return new Site({ arena, writer, store: this.store, viewers: http.viewers, metrics, staleAfter });
	}

	/** For the camera: an RTSP server, a device node, a folder of pictures, or a file of them. */
	openSource(): FrameSource {
		const source = this.#source;
		if (this.#pictures !== undefined) return this.#pictures;
		if (source.startsWith("/dev/")) return new V4L2Source(source, this.#width, this.#height, this.#rate, () => this.#captured());
		if (kind(source) === "directory") return new PictureFolder(source);
		return new MJPEGFile(source);
	}

	#due(): void {
		if (this.camera.advance(monotonic()) !== undefined) this.server?.show();
		this.#arm();
	}

	#captured(): void {
		if (this.camera.captured(monotonic()) !== undefined) this.server?.show();
		this.#arm();
	}

	#arm(): void {
		if (this.camera.deadline !== Infinity) this.#timer.schedule(Math.max(0, this.camera.deadline - monotonic()));
	}
}
