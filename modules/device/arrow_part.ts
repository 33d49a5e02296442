import { Endpoint, planEndpoint } from "arrow/endpoint";
import type { ArrowIO } from "arrow/io";
import { type ArrowIdentity, type ArrowSettings, settingsOf } from "arrow/options";
import { Service, type ServiceOptions } from "arrow/service";
import type { ArrowConfig, CameraHTTPConfig, Config } from "device/config";
import { type Identity, KEY_BYTES, UUID_BYTES } from "device/identity";
import type { Part } from "device/part";
import { DeviceRandom } from "device/random";
import { VERSION } from "device/version";
import type { Logger } from "host/logger";
import Resolver from "net/resolver";
import { Stream } from "net/stream";
import TLS from "net/tls";
import type { MemoryPlan } from "storage/plan";
import { monotonic } from "time/clock";
import Timer from "time/timer";
import { constantText } from "wire/ascii";
import type { Figures } from "wire/figures";
import { formatHex } from "wire/hex";

const VENDOR = "Fletcher";

const KEY = Object.freeze({
	arrow: constantText("arrow"),
	attempts: constantText("attempts"),
	bytesIn: constantText("bytesIn"),
	bytesOut: constantText("bytesOut"),
	connects: constantText("connects"),
	garbage: constantText("garbage"),
	limit: constantText("limit"),
	losses: constantText("losses"),
	messagesIn: constantText("messagesIn"),
	messagesOut: constantText("messagesOut"),
	overruns: constantText("overruns"),
	redirects: constantText("redirects"),
	refused: constantText("refused"),
	roundTripMicroseconds: constantText("roundTripMicroseconds"),
	sessions: constantText("sessions"),
	sessionsOpened: constantText("sessionsOpened"),
	state: constantText("state"),
});

/** Who the device is for Arrow: copies of what {@link Identity} holds. */
export function arrowIdentity(identity: Identity): ArrowIdentity {
	const { buffer, uuidOffset, keyOffset } = identity;
	return { uuid: buffer.slice(uuidOffset, uuidOffset + UUID_BYTES), key: buffer.slice(keyOffset, keyOffset + KEY_BYTES) };
}

/** Checks what the configuration says of Arrow beyond types and ranges. @throws RangeError naming the key and what it should be. */
export function arrowSettings(arrow: ArrowConfig, config: Config, identity: ArrowIdentity): ArrowSettings {
	const { category, type, vendor } = config.device;
	return settingsOf(
		{
			service: arrow.service,
			ca: arrow.authorities,
			services: servicesOf(arrow, config.camera?.http),
			window: arrow.window,
			sessions: arrow.sessions,
			message: arrow.message,
			buffer: arrow.buffer,
			gateway: arrow.gateway,
			mac: arrow.mac ?? localMAC(identity.uuid),
			info: { client: { id: "fletcher", version: VERSION, vendor: VENDOR }, device: { category, type, vendor } },
			legacyCiphers: arrow.legacyCiphers,
			switches: arrow.switches,
		},
		arrow.times,
	);
}

/** The configured services, and the camera's own stream unless it is one of them. */
function servicesOf(arrow: ArrowConfig, http: CameraHTTPConfig | undefined): ServiceOptions[] {
	const services: ServiceOptions[] = [];
	if (arrow.services !== undefined) for (let i = 0; i < arrow.services.length; i++) services.push(arrow.services[i]);
	if (http === undefined || !http.advertise || http.port === 0) return services;
	const own: ServiceOptions = { type: "mjpeg", url: "http://" + hostOf(http.address) + ":" + http.port + "/video.mjpeg" };
	const stream = new Service(own, "camera.http");
	for (let i = 0; i < services.length; i++)
		if (new Service(services[i], "arrow.services[" + i + "]").same(stream)) return services;
	services.push(own);
	return services;
}

/** Where a server bound to `address` is reached from the device itself. */
function hostOf(address: string): string {
	if (address === "0.0.0.0" || address === "::") return "127.0.0.1";
	return address.indexOf(":") < 0 ? address : "[" + address + "]";
}

/** A locally administered address made from the device's UUID, for devices that were given none. */
function localMAC(uuid: ArrayBuffer): string {
	return "02:" + formatHex(new Uint8Array(uuid), UUID_BYTES - 5, 5, ":");
}

function hostIO(): ArrowIO {
	return { Stream, TLS, Resolver, Timer, monotonic };
}

/** Reserves what the endpoint needs. @throws Error naming the authorities' file when it is of no use. */
export function planArrow(plan: MemoryPlan, settings: ArrowSettings, identity: ArrowIdentity): void {
	planEndpoint(plan, settings, identity, hostIO());
}

/** The tunnel to the Arrow service. Made at boot, started once. */
export class ArrowPart implements Part {
	readonly endpoint: Endpoint;

	constructor(settings: ArrowSettings, identity: ArrowIdentity, plan: MemoryPlan, log: Logger) {
		this.endpoint = new Endpoint({ settings, identity, plan, log, io: hostIO(), random: new DeviceRandom() });
	}

	start(): void {
		this.endpoint.start();
	}

	stop(done: () => void): void {
		this.endpoint.stop(done);
	}

	close(): void {
		this.endpoint.close();
	}

	writeFigures(figures: Figures): void {
		const { endpoint } = this;
		const counters = endpoint.counters;
		figures.open(KEY.arrow);
		figures.text(KEY.state, endpoint.state);
		figures.number(KEY.sessions, endpoint.sessions);
		figures.number(KEY.limit, endpoint.sessionLimit);
		figures.number(KEY.bytesIn, counters.bytesIn);
		figures.number(KEY.bytesOut, counters.bytesOut);
		figures.number(KEY.messagesIn, counters.messagesIn);
		figures.number(KEY.messagesOut, counters.messagesOut);
		figures.number(KEY.sessionsOpened, counters.sessions);
		figures.number(KEY.refused, counters.refused);
		figures.number(KEY.attempts, endpoint.attempts);
		figures.number(KEY.connects, counters.established);
		figures.number(KEY.losses, counters.losses);
		figures.number(KEY.redirects, counters.redirects);
		figures.number(KEY.overruns, counters.overruns);
		figures.number(
			KEY.garbage,
			counters.badVersion +
				counters.badSize +
				counters.shortMessages +
				counters.unexpected +
				counters.unknownTypes +
				counters.strayData +
				counters.strayAcks +
				counters.badRedirects +
				counters.longMessages,
		);
		figures.number(KEY.roundTripMicroseconds, endpoint.roundTrip < 0 ? -1 : endpoint.roundTrip * 1000);
		figures.close();
	}
}
