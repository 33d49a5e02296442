import Echo, { type EchoOptions } from "discovery/echo";
import { DiscoveryEndpoint, planDiscovery } from "discovery/endpoint";
import { InterfaceFlag, interfaces, Neighbours, SolicitStatus } from "discovery/network";
import type { Report } from "discovery/report";
import type { DiscoveryOptions } from "discovery/settings";
import { Counter, collectGarbage, readCounters } from "host/host";
import { Listener, Stream, StreamStatus } from "net/stream";
import { MemoryPlan } from "storage/plan";
import { monotonic } from "time/clock";
import Timer from "time/timer";
import { fakeInterfaces, fakeSettings } from "unit/discovery_world";
import type { Suite } from "unit/suite";

/** A camera on loopback: its whole answer to whatever it is asked, after which it closes. */
class FakeCamera {
	readonly listener: Listener;
	readonly #streams: Stream[] = [];
	readonly #input = new ArrayBuffer(1024);
	readonly #answer: ArrayBuffer;
	connections = 0;

	constructor(address: string, answer: string) {
		const camera = this;
		this.#answer = ArrayBuffer.fromString(answer);
		for (let i = 0; i < 4; i++)
			this.#streams.push(
				new Stream({
					onReadable(): void {
						if (this.read(camera.#input, 0, 1024) > 0) this.write(camera.#answer, 0, camera.#answer.byteLength);
						this.close();
					},
				}),
			);
		this.listener = new Listener({ address, port: 0, onReadable: () => this.#accept() });
	}

	#accept(): void {
		for (const stream of this.#streams) {
			if (stream.opened) continue;
			if (!this.listener.accept(stream)) return;
			this.connections++;
			stream.want(1);
		}
	}

	close(): void {
		this.listener.close();
		for (const stream of this.#streams) stream.close();
	}
}

function endpointOf(change: Partial<DiscoveryOptions>, finished: (result: Report) => void): DiscoveryEndpoint {
	const settings = fakeSettings(change);
	const plan = new MemoryPlan();
	planDiscovery(plan, settings);
	return new DiscoveryEndpoint(settings, plan, { Stream, Timer, Echo, Neighbours, interfaces, monotonic }, { finished });
}

const PICTURE = "HTTP/1.0 200 OK\r\nContent-Type: multipart/x-mixed-replace; boundary=x\r\n\r\n--x\r\n";

const FIRST_TIME = 16;

export default function (suite: Suite): void {
	suite.asyncTest(
		"ARROW-42 scans of loopback find a camera; every descriptor is closed after each, and the heap is where it was",
		20_000,
		(check, done) => {
			const camera = new FakeCamera("127.0.0.2", PICTURE);
			const counters = new Int32Array(Counter.COUNT);
			const port = camera.listener.port;
			let scans = 0;
			let slots = 0;
			let chunks = 0;
			let descriptors = 0;
			const endpoint = endpointOf(
				{ networks: ["127.0.0.0/29"], ports: { rtsp: [port + 1 < 65_536 ? port + 1 : 1], http: [port] }, rate: 1000 },
				(result) => {
					check.equal(endpoint.result, result);
					check.ok(!endpoint.scanning);
					check.equal(result.serviceCount, 2);
					check.equal(result.serviceAt(0).type + result.serviceAt(1).type, "httpmjpeg");
					check.equal(result.serviceAt(1).address, "127.0.0.2");
					check.equal(result.serviceAt(1).path, "/");
					check.equal(result.serviceAt(1).port, port);
					scans++;
					again.schedule(20);
				},
			);
			/* Looked at in a turn of its own, when nothing of the scan is under way. */
			const look = (): void => {
				collectGarbage();
				readCounters(counters);
				check.equal(counters[Counter.DESCRIPTORS], descriptors, "descriptors");
				if (scans === 2) {
					slots = counters[Counter.SLOTS];
					chunks = counters[Counter.CHUNKS];
				}
				if (scans < 5) {
					check.ok(endpoint.scan());
					return;
				}
				/* A path taken for the first time may leave a few slots: nothing of a scan has so few. */
				check.ok(counters[Counter.SLOTS] - slots <= FIRST_TIME, counters[Counter.SLOTS] - slots + " slots more");
				check.ok(counters[Counter.CHUNKS] - chunks <= FIRST_TIME * 8, counters[Counter.CHUNKS] - chunks + " chunk bytes more");
				again.close();
				endpoint.close();
				camera.close();
				done();
			};
			const again = new Timer({ onTimer: look });
			check.equal(endpoint.result, undefined);
			readCounters(counters);
			descriptors = counters[Counter.DESCRIPTORS];
			check.ok(endpoint.scan());
			check.ok(!endpoint.scan(), "one at a time");
			check.ok(endpoint.scanning);
		},
	);

	for (const [broken, services] of [
		[0, 2],
		[1, 2],
		[2, 0],
	]) {
		suite.asyncTest(
			"ARROW-42 a neighbour table that breaks off " + broken + " times: who is excluded by MAC stays alone",
			10_000,
			(check, done) => {
				const camera = new FakeCamera("127.0.0.2", PICTURE);
				/** Has no neighbours; tells of them to the end only after some reads. */
				class Breaking {
					opens = 0;
					open(): boolean {
						this.opens++;
						return true;
					}
					next(): boolean {
						return false;
					}
					get whole(): boolean {
						return this.opens > broken;
					}
					solicit(): number {
						return SolicitStatus.DENIED;
					}
					close(): void {}
				}
				const settings = fakeSettings({
					networks: ["127.0.0.0/29"],
					exclude: ["02:00:00:00:00:01"],
					ports: { rtsp: [], http: [camera.listener.port] },
					icmp: false,
				});
				const plan = new MemoryPlan();
				planDiscovery(plan, settings);
				const link = { name: "lo", address: "127.0.0.1", prefix: 29, flags: InterfaceFlag.UP | InterfaceFlag.ARP };
				const io = { Stream, Timer, Echo, Neighbours: Breaking, interfaces: fakeInterfaces([link]), monotonic };
				const endpoint = new DiscoveryEndpoint(settings, plan, io, {
					finished(result): void {
						check.equal(result.serviceCount, services);
						check.equal(camera.connections > 0, services > 0);
						endpoint.close();
						camera.close();
						done();
					},
				});
				endpoint.scan();
			},
		);
	}

	suite.test("ARROW-42 a flood of echo answers is taken in pieces", (check) => {
		let answers = 0;
		let flood = (): void => {};
		class Flooded {
			constructor(options: EchoOptions) {
				flood = () => options.onReadable.call(this);
			}
			open(): boolean {
				return true;
			}
			send(): number {
				return 0;
			}
			read(): number {
				return answers++ < 100_000 ? 0x7f000002 : -1;
			}
			close(): void {}
		}
		const settings = fakeSettings({ networks: ["127.0.0.0/29"] });
		const plan = new MemoryPlan();
		planDiscovery(plan, settings);
		const io = { Stream, Timer, Echo: Flooded, Neighbours, interfaces, monotonic };
		const endpoint = new DiscoveryEndpoint(settings, plan, io, { finished: () => {} });
		endpoint.scan();
		flood();
		check.equal(answers, 64);
		flood();
		check.equal(answers, 128);
		endpoint.close();
	});

	suite.asyncTest("ARROW-42 a scan that is ended closes what it has opened", 5000, (check, done) => {
		const counters = new Int32Array(Counter.COUNT);
		readCounters(counters);
		const before = counters[Counter.DESCRIPTORS];
		/* Black holes (RFC 5737), or no route: either way nobody answers. */
		const endpoint = endpointOf({ networks: ["192.0.2.0/28"] }, () => check.fail("there is no result"));
		endpoint.scan();
		const later = new Timer({
			onTimer: () => {
				later.close();
				endpoint.abort();
				check.ok(!endpoint.scanning);
				readCounters(counters);
				check.equal(counters[Counter.DESCRIPTORS], before);
				endpoint.close();
				done();
			},
		});
		later.schedule(300);
	});

	suite.asyncTest(
		"ARROW-42 a camera's silence, resets and floods end in a verdict within the time of a request",
		20_000,
		(check, done) => {
			let open = 0;
			let flooded = 0;
			const waste = new ArrayBuffer(65_536);
			const streams: Stream[] = [];
			const listener = new Listener({
				address: "127.0.0.3",
				port: 0,
				onReadable(): void {
					const stream = new Stream({
						onReadable(): void {
							if (this.read(waste, 0, 1024) <= 0) this.close();
							else if (++open % 3 === 0) this.abort();
							else if (open % 3 === 1) this.want(2);
						},
						onWritable(): void {
							const count = this.write(waste, 0, 65_536);
							if (count > 0) flooded += count;
							if (count === StreamStatus.FAILED) this.close();
						},
						onError(): void {
							this.close();
						},
					});
					streams.push(stream);
					if (listener.accept(stream)) stream.want(1);
				},
			});
			const ports = { rtsp: [listener.port], http: [listener.port] };
			const start = monotonic();
			const endpoint = endpointOf({ networks: ["127.0.0.3"], ports, request: 300, rate: 1000 }, (result) => {
				check.equal(result.hostCount, 1);
				check.equal(result.hostPort(0, 0), listener.port);
				check.equal(result.serviceCount, 0);
				check.ok(monotonic() - start < 15_000, "time");
				check.ok(flooded < 4_000_000, "bytes of a flood: " + flooded);
				listener.close();
				for (const stream of streams) stream.close();
				endpoint.close();
				done();
			});
			endpoint.scan();
		},
	);
}
