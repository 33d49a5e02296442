/** What is used of ECMA-419's audio classes as the Moddable SDK has them, for checking without the SDK. */

declare module "embedded:io/audio/in" {
	export default class AudioIn {
		constructor(options: {
			sampleRate: number;
			channels: number;
			bitsPerSample: number;
			/** `bytes` wait. */
			onReadable?: (bytes: number) => void;
		});
		/** Fills the view, when as many bytes wait; throws when they do not, gives undefined when none do. */
		read(view: Uint8Array): number | undefined;
		start(): void;
		close(): void;
	}
}

declare module "embedded:io/audio/out" {
	export default class AudioOut {
		constructor(options: {
			sampleRate: number;
			channels: number;
			bitsPerSample: number;
			/** There is room for `bytes`. */
			onWritable?: (bytes: number) => void;
		});
		/** Throws when there is no room. */
		write(view: Uint8Array): void;
		start(): void;
		close(): void;
	}
}
