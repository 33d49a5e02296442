import { random } from "crypto/crypto";
import type { RandomSource } from "time/backoff";

/** Fractions from the platform's cryptographic source: devices that start together must not act together. */
export class DeviceRandom implements RandomSource {
	readonly #view = new DataView(new ArrayBuffer(4));

	fraction(): number {
		random(this.#view.buffer as ArrayBuffer, 0, 4);
		return this.#view.getUint32(0) / 0x1_0000_0000;
	}
}
