import { AUTH_AEAD, SUITE_AES_128_GCM } from "arcrtc/constants";
import { DropCounters } from "arcrtc/counters";
import { KeyBuffers } from "arcrtc/key_buffers";
import { deriveStream, wipe } from "arcrtc/key_derivation";
import { KeyExchange } from "arcrtc/key_exchange";
import { KeyRotation } from "arcrtc/key_rotation";
import { Opener, openerBytes } from "arcrtc/opener";
import { CIPHER_SCRATCH } from "arcrtc/packet_cipher";
import { ReceiveKeys } from "arcrtc/receive_keys";
import { ROTATION_FORGET, ROTATION_INSTALL, ROTATION_NOTHING } from "arcrtc/rotation_words";
import { SendKeys } from "arcrtc/send_keys";
import { UsedSources } from "arcrtc/used_sources";
import { collectGarbage, print } from "host/host";
import { Arena } from "storage/arena";
import Timer from "time/timer";
import { formatHex } from "wire/hex";

/** What a secret looks like as text; the text itself is no copy of its bytes. */
function tell(name: string, bytes: ArrayBuffer, offset: number, length: number): void {
	print(name + " " + formatHex(new Uint8Array(bytes), offset, length));
}

/** One end of a session with its keys, as a device has them. */
class End {
	readonly rotation: KeyRotation;
	readonly #send: SendKeys;
	readonly #receive: ReceiveKeys;
	readonly #opener: Opener;
	readonly #arena = new Arena(openerBytes(1) + CIPHER_SCRATCH);
	readonly #material: ArrayBuffer;

	constructor(buffers: KeyBuffers, own: KeyExchange, remoteKey: string, peerId: string, remoteId: string) {
		const scratch = openerBytes(1);
		this.rotation = new KeyRotation({ sessionId: "session-1", peerId, remoteId, exchange: own, remoteKey, now: 0, buffers });
		this.#material = buffers.material;
		this.#send = new SendKeys(this.#arena, scratch, SUITE_AES_128_GCM, AUTH_AEAD);
		this.#receive = new ReceiveKeys(this.#arena, scratch, SUITE_AES_128_GCM, AUTH_AEAD);
		const options = { arena: this.#arena, offset: 0, streams: 1, sources: new UsedSources(1), counters: new DropCounters() };
		this.#opener = new Opener(options);
		this.install(0);
	}

	install(now: number): void {
		const { epoch, master } = this.rotation;
		for (const stream of ["out", "in"]) {
			deriveStream(master, stream, SUITE_AES_128_GCM, this.#material);
			if (stream === "out") this.#send.install(this.#material, epoch, now);
			else this.#opener.install(this.#receive, this.#material, epoch);
			if (epoch === 0) tell("enc", this.#material, 0, 16);
		}
		wipe(this.#material);
	}

	/** Does what is to be done. */
	turn(now: number): void {
		this.rotation.tick(now);
		for (let event = this.rotation.poll(); event !== ROTATION_NOTHING; event = this.rotation.poll()) {
			if (event === ROTATION_INSTALL) this.install(now);
			else if (event === ROTATION_FORGET) this.#receive.forgetOlder();
		}
		this.#send.tick(now);
	}
}

/** Garbage, and its collection: what stays moves about. */
function churn(): void {
	for (let i = 0; i < 20; i++) {
		let kept = "";
		for (let j = 0; j < 50; j++) kept += "some text that is longer than before ";
		if (kept.length === 0) return;
		collectGarbage();
	}
}

/** New keys, and the old ones gone. */
function change(a: End, b: End, now: number): void {
	a.rotation.rotate(now);
	b.rotation.requested(a.rotation.requestEpoch, a.rotation.requestKey, 1, now);
	a.rotation.acknowledged(b.rotation.answerEpoch, b.rotation.answerKey, now);
	for (const end of [a, b]) {
		end.turn(now);
		end.rotation.received(now);
		end.turn(now + 1000);
	}
}

/** Changes keys and says what the old ones were; whoever started this looks for them in the memory of the process. */
function oldKeys(): void {
	const first = new KeyBuffers();
	const second = new KeyBuffers();
	churn();
	const own = new KeyExchange();
	const other = new KeyExchange();
	churn();
	const { secret } = first;
	own.agree(other.publicKey, secret);
	tell("secret", secret, 0, 32);
	wipe(secret);
	const a = new End(first, own, other.publicKey, "a", "b");
	const b = new End(second, other, own.publicKey, "b", "a");
	for (let now = 1000; now <= 21_000; now += 10_000) {
		tell("master", a.rotation.master, 0, 32);
		// What was made late moves down in memory now, and leaves a copy where it was.
		collectGarbage();
		change(a, b, now);
	}
	tell("present", a.rotation.master, 0, 32);
	print("look");
	const timer = new Timer({
		onTimer() {
			// Keeps all of it alive.
			if (a.rotation.epoch + b.rotation.epoch > 0) timer.schedule(1000);
		},
	});
	timer.schedule(1000);
}

/** @returns false when there is no such program. */
export function runSecretsProbe(name: string): boolean {
	if (name !== "old-keys") return false;
	oldKeys();
	return true;
}
