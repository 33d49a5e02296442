import { collectGarbage } from "host/host";
import Timer from "time/timer";

/** Programs that end the process on purpose; tests on Node look at the exit code and at what was said. */

function deep(value: number): number {
	return 1 + deep(value + 1);
}

function fill(): void {
	const kept: object[] = [];
	for (;;) kept.push({ kept });
}

function fillChunks(): void {
	const kept: ArrayBuffer[] = [];
	for (;;) kept.push(new ArrayBuffer(4096));
}

function fillKeys(): void {
	const names: Record<string, number> = {};
	for (let i = 0; ; i++) names[`name${i}`] = i;
}

/** @returns false when there is no such program. */
export function runProbe(name: string): boolean {
	switch (name) {
		case "throw":
			throw new Error("thrown by main");
		case "throw-later":
			new Timer({
				onTimer() {
					throw new RangeError("thrown by a timer");
				},
			}).schedule(1);
			return true;
		case "heap":
			fill();
			return true;
		case "chunks":
			fillChunks();
			return true;
		case "keys":
			fillKeys();
			return true;
		case "stack":
			deep(0);
			return true;
		case "reject":
			Promise.reject(new Error("nobody looks"));
			collectGarbage();
			return true;
		case "idle":
			return true;
		default:
			return false;
	}
}
