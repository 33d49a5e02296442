import type { Numbers } from "fuzz/numbers";

/** `text` with up to three damages: a character exchanged, an end cut off, a part left out or said twice, one of `pieces` put in. */
export function damagedText(text: string, numbers: Numbers, pieces: readonly string[], limit: number): string {
	let result = text;
	for (let damages = numbers.below(4); damages > 0; damages--) {
		const at = numbers.below(result.length + 1);
		const size = numbers.below(24);
		switch (numbers.below(5)) {
			case 0:
				result = result.slice(0, at) + String.fromCharCode(numbers.below(256)) + result.slice(at + 1);
				break;
			case 1:
				result = result.slice(0, at);
				break;
			case 2:
				result = result.slice(0, at) + result.slice(at + size);
				break;
			case 3:
				result = result.slice(0, at + size) + result.slice(at);
				break;
			default:
				result = result.slice(0, at) + pieces[numbers.below(pieces.length)] + result.slice(at);
		}
	}
	return result.slice(0, limit);
}
