import type { AudioSource } from "media/audio/audio";

/** No microphone: nothing ever comes, and nobody needs to look for it. */
export class NullSource implements AudioSource {
	readonly lost = 0;

	start(): void {}

	read(): number {
		return -1;
	}

	close(): void {}
}
