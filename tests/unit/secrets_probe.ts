import { AUTH_AEAD, MATERIAL_BYTES, SUITE_AES_128_GCM } from "arcrtc/constants";
import { DropCounters } from "arcrtc/counters";
import { deriveStream, wipe } from "arcrtc/key_derivation";
import { KeyExchange } from "arcrtc/key_exchange";
import { KeyRotation } from "arcrtc/key_rotation";
import { Opener, openerBytes } from "arcrtc/opener";
import { CIPHER_SCRATCH } from "arcrtc/packet_cipher";
import { ReceiveKeys } from "arcrtc/receive_keys";
import { ROTATION_FORGET, ROTATION_INSTALL, ROTATION_NOTHING } from "arcrtc/rotation_words";
import { SendKeys } from "arcrtc/send_keys";
import { UsedSources } from "arcrtc/used_sources";
import { random } from "crypto/crypto";
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
	readonly #material = new ArrayBuffer(MATERIAL_BYTES);

	constructor(own: KeyExchange, remoteKey: string, peerId: string, remoteId: string) {
		const scratch = openerBytes(1);
		this.rotation = new KeyRotation({ sessionId: "session-1", peerId, remoteId, exchange: own, remoteKey, now: 0 });
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

/** Changes keys and says what the old ones were; whoever started this looks for them in the memory of the process. */
function oldKeys(): void {
	churn();
	const own = new KeyExchange();
	const other = new KeyExchange();
	churn();
	const secret = new ArrayBuffer(32);
	own.agree(other.publicKey, secret);
	tell("secret", secret, 0, 32);
	wipe(secret);
	let below: ArrayBuffer | undefined = new ArrayBuffer(20_000);
	const a = new End(own, other.publicKey, "a", "b");
	const b = new End(other, own.publicKey, "b", "a");
	tell("master", a.rotation.master, 0, 32);
	// What lies above it moves down, and leaves a copy where it was.
	if (below.byteLength > 0) below = undefined;
	collectGarbage();
	a.rotation.rotate(1000);
	b.rotation.requested(a.rotation.requestEpoch, a.rotation.requestKey, 1, 1000);
	a.rotation.acknowledged(b.rotation.answerEpoch, b.rotation.answerKey, 1000);
	for (const end of [a, b]) {
		end.turn(1000);
		end.rotation.received(1000);
		end.turn(2000);
	}
	tell("present", a.rotation.master, 0, 32);
	const decoy = new ArrayBuffer(32);
	random(decoy, 0, 32);
	tell("present", decoy, 0, 32);
	print("look");
	const timer = new Timer({
		onTimer() {
			// Keeps all of it alive.
			if (a.rotation.epoch + b.rotation.epoch + decoy.byteLength > 0) timer.schedule(1000);
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
