import { Endpoint } from "arrow/endpoint";
import type { ArrowOptions } from "arrow/options";
import { settingsOf } from "arrow/options";
import { planEndpoint } from "arrow/plan";
import type { ArrowTimes } from "arrow/times";
import { ACCEPT, bytesOf, RTSP_LIVE } from "conformance/arrow/driver";
import { World } from "conformance/arrow/world";
import type { Discovery } from "discovery/result";
import type { LogFields } from "host/logger";
import { MemoryPlan } from "storage/plan";

export const OPTIONS: ArrowOptions = {
	service: "arrow.example",
	ca: "ca.pem",
	services: [RTSP_LIVE],
	window: 8192,
	sessions: 2,
	buffer: 16384,
	mac: "02:00:00:12:34:56",
};

/** An endpoint in a world of its own. */
export class Scene {
	readonly world = new World();
	readonly endpoint: Endpoint;
	/** Log events, and states, in order. */
	events: string[] = [];
	/** Fields of the last "closed". */
	fields: LogFields = {};
	states = "";
	/** How often there was something to store. */
	stores = 0;

	constructor(changes: Partial<ArrowOptions> = {}, times?: Partial<ArrowTimes>, discovery?: Discovery) {
		const settings = settingsOf({ ...OPTIONS, ...changes }, times);
		const identity = {
			uuid: bytesOf("0f1e2d3c4b5a46978877665544332211").buffer,
			key: bytesOf("00112233445566778899aabbccddeeff").buffer,
		};
		const plan = new MemoryPlan();
		const io = this.world.io();
		planEndpoint(plan, settings, identity, io);
		this.endpoint = new Endpoint({
			settings,
			identity,
			io,
			plan,
			log: {
				log: (_level, area, event, fields) => {
					this.events.push(area + "." + event);
					if (event === "closed" && fields) this.fields = fields;
				},
			},
			random: { fraction: () => 0.5 },
			onState: (state) => {
				this.states += state + " ";
			},
			onServices: () => {
				this.stores++;
			},
			discovery,
		});
	}

	start(): this {
		this.endpoint.start();
		this.world.run();
		return this;
	}

	/** Connected, REGISTER accepted, all of it taken. */
	establish(): this {
		this.start();
		this.world.service.give(ACCEPT);
		this.world.run();
		this.world.service.take();
		return this;
	}

	/** The service sends, the loop runs; what came back. */
	tell(hex: string): string {
		this.world.service.give(hex);
		this.world.run();
		return this.world.service.take();
	}

	/** The local stream of a session's place. */
	local(place = 0): World["service"] {
		return this.world.streams[1 + place];
	}
}
