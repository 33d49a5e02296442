import { Endpoint } from "arrow/endpoint";
import type { ArrowIO } from "arrow/io";
import { type ArrowIdentity, type ArrowScans, type ArrowSettings, settingsOf } from "arrow/options";
import { planEndpoint } from "arrow/plan";
import { AT_RECORD_ADDRESS, AT_RECORD_MAC, AT_RECORD_VERSION } from "arrow/constants";
import { configuredService, type ServiceOptions, storedService } from "arrow/service";
import { same } from "arrow/table";
import { writeArrowFigures } from "device/arrow_figures";
import type { ArrowConfig, CameraHTTPConfig, Config } from "device/config";
import { DiscoveredStore, planStore } from "device/discovered_store";
import { type Identity, KEY_BYTES, UUID_BYTES } from "device/identity";
import type { Part } from "device/part";
import { DeviceRandom } from "device/random";
import { StateFile } from "device/state_file";
import { VERSION } from "device/version";
import type { Discovery, ScanResult } from "discovery/result";
import { type DiscoverySettings, mayScan } from "discovery/settings";
import type { Logger } from "host/logger";
import Resolver from "net/resolver";
import { Stream } from "net/stream";
import TLS from "net/tls";
import type { MemoryPlan } from "storage/plan";
import { monotonic } from "time/clock";
import Timer from "time/timer";
import type { Figures } from "wire/figures";
import { formatHex } from "wire/hex";

const VENDOR = "Fletcher";
const NOTHING_BESIDES: ArrowPartOptions = Object.freeze({});

/** Who the device is for Arrow: copies of what {@link Identity} holds. */
export function arrowIdentity(identity: Identity): ArrowIdentity {
	const { buffer, uuidOffset, keyOffset } = identity;
	return { uuid: buffer.slice(uuidOffset, uuidOffset + UUID_BYTES), key: buffer.slice(keyOffset, keyOffset + KEY_BYTES) };
}

/**
 * Checks what the configuration says of Arrow beyond types and ranges; `scans` where scans can be run.
 * @throws RangeError naming the key and what it should be.
 */
export function arrowSettings(arrow: ArrowConfig, config: Config, identity: ArrowIdentity, scans?: ArrowScans): ArrowSettings {
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
			scans,
		},
		arrow.times,
	);
}

/** What Arrow must know of scans; undefined where there are none. */
export function scansOf(discovery: DiscoverySettings | undefined): ArrowScans | undefined {
	if (discovery === undefined) return undefined;
	return { hosts: discovery.hosts, ports: discovery.ports.count, expiry: discovery.expiry };
}

/** The configured services, and the camera's own stream unless it is one of them, or ids come from the configuration alone. */
function servicesOf(arrow: ArrowConfig, http: CameraHTTPConfig | undefined): ServiceOptions[] {
	const services: ServiceOptions[] = [];
	if (arrow.services !== undefined) for (let i = 0; i < arrow.services.length; i++) services.push(arrow.services[i]);
	if (http === undefined || !http.advertise || http.port === 0 || arrow.switches?.["serviceIds"] === "config") return services;
	const own: ServiceOptions = { type: "mjpeg", url: "http://" + hostOf(http.address) + ":" + http.port + "/video.mjpeg" };
	const stream = configuredService(own, "camera.http");
	for (let i = 0; i < services.length; i++)
		if (same(configuredService(services[i], "arrow.services[" + i + "]"), stream)) return services;
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

/** What the network of this host is made of. */
export function hostIO(): ArrowIO {
	return { Stream, TLS, Resolver, Timer, monotonic };
}

/** Reserves what the endpoint needs. @throws Error naming the authorities' file when it is of no use. */
export function planArrow(plan: MemoryPlan, settings: ArrowSettings, identity: ArrowIdentity): void {
	planEndpoint(plan, settings, identity, hostIO());
	if (settings.scans !== undefined) planStore(plan);
}

/** What an {@link ArrowPart} may be given besides. */
export interface ArrowPartOptions {
	/** State folder, for services that scans found; none is kept without it. */
	readonly folder?: string;
	/** Path of a file that tells the tunnel's state to other programs. */
	readonly stateFile?: string;
	/** What runs scans, only with `settings.scans`; and what it may look at: what is kept of others is forgotten. */
	readonly discovery?: Discovery;
	readonly scope?: DiscoverySettings;
}

/** Those of stored records whose hosts may be scanned: what was left out since they were found is not offered any more. */
function inScope(records: Uint8Array | undefined, scope: DiscoverySettings | undefined): Uint8Array | undefined {
	if (records === undefined || scope === undefined) return records;
	const view = new DataView(records.buffer, records.byteOffset, records.length);
	let kept = 0;
	for (let at = 0; at < records.length; ) {
		const service = storedService(records, at, records.length);
		if (service === undefined) break;
		const length = service.record.length;
		const address = records[at + AT_RECORD_VERSION] === 4 ? view.getUint32(at + AT_RECORD_ADDRESS) : -1;
		if (address >= 0 && mayScan(scope, address, records, at + AT_RECORD_MAC)) {
			records.copyWithin(kept, at, at + length);
			kept += length;
		}
		at += length;
	}
	return records.subarray(0, kept);
}

/** The tunnel to the Arrow service. Made at boot, started once. */
export class ArrowPart implements Part {
	readonly endpoint: Endpoint;
	readonly #store: DiscoveredStore | undefined;
	readonly #stateFile: StateFile | undefined;
	readonly #scope: DiscoverySettings | undefined;

	constructor(
		settings: ArrowSettings,
		identity: ArrowIdentity,
		plan: MemoryPlan,
		log: Logger,
		options: ArrowPartOptions = NOTHING_BESIDES,
	) {
		const { folder, stateFile, discovery, scope } = options;
		this.#scope = scope;
		if (folder !== undefined && settings.scans !== undefined) this.#store = new DiscoveredStore(folder, plan, log);
		if (stateFile !== undefined) this.#stateFile = new StateFile(stateFile, log);
		this.endpoint = new Endpoint({
			settings,
			identity,
			plan,
			log,
			io: hostIO(),
			random: new DeviceRandom(),
			discovery,
			stored: inScope(this.#store?.load(), scope),
			onServices: (reset) => this.#save(reset),
			onState: (state) => this.#stateFile?.write(state),
		});
	}

	start(): void {
		this.#stateFile?.write(this.endpoint.state);
		this.endpoint.start();
	}

	stop(done: () => void): void {
		this.endpoint.stop(() => {
			this.#stateFile?.write("stopped");
			done();
		});
	}

	close(): void {
		this.endpoint.close();
		this.#store?.close();
	}

	/** A scan is finished: what it found is offered through the tunnel. */
	scanFinished(result: ScanResult): void {
		this.endpoint.scanFinished(result);
	}

	writeFigures(figures: Figures): void {
		writeArrowFigures(figures, this.endpoint, monotonic(), this.#store);
	}

	/** After a reset nothing is wanted of what an unreadable file may hold. */
	#save(reset: boolean): void {
		const store = this.#store;
		if (store === undefined) return;
		if (store.unread && !reset) {
			const records = inScope(store.load(), this.#scope);
			if (records !== undefined) this.endpoint.restoreServices(records);
		}
		store.save(this.endpoint.storeServices(store.offset), reset);
	}
}
