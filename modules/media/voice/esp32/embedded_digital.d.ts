/** What is used of ECMA-419's digital pins as the Moddable SDK has them, for checking without the SDK. */

declare module "embedded:io/digital" {
	export default class Digital {
		static readonly Input: number;
		static readonly InputPullUp: number;
		static readonly InputPullDown: number;
		static readonly Rising: number;
		static readonly Falling: number;
		constructor(options: {
			pin: number;
			mode: number;
			/** Edges after which `onReadable` comes. */
			edge?: number;
			onReadable?: () => void;
		});
		/** 0 or 1. */
		read(): number;
		close(): void;
	}
}
