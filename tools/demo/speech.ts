/** Spoken text as a WAV file, by espeak-ng. */
import { spawnSync } from "node:child_process";

/** About eighty seconds at the usual speed; nobody's words. */
export const TEXT = `
The harbour lies quiet before sunrise. A small boat leaves the pier and turns towards the open water. Two gulls follow it for a while,
then give up and sit down on a buoy. On the hill the lighthouse is still lit, and its beam moves slowly over the roofs of the town.
The keeper drinks his coffee and looks at the clock. In seven minutes he will switch the lamp off, as he has done every morning for
nineteen years. Down at the market the first stands open. Somebody carries boxes of fish across the square, somebody else sweeps the
steps of the church. A dog waits in front of the bakery because it knows what happens at six. The smell of fresh bread fills the whole
street. At the station the early train is announced with a delay of four minutes. Nobody complains. The children arrive late for school
and say that it was the train. In the afternoon the wind changes and brings rain from the west. The boat comes back with a good catch,
wet sails and a tired crew. They tie it up, count what they have and divide it into five equal parts. When the evening is there the
lighthouse begins its round again. Its white light reaches far beyond the cape, and every ship that passes knows where it is.
`.replaceAll(/\s+/g, " ");

/** Writes `path` at the rate of the voice, 22,050 samples a second; `speed` is words a minute. @returns false when espeak-ng is not there */
export function speak(path: string, text = TEXT, voice = "en", speed = 150): boolean {
	return spawnSync("espeak-ng", ["-v", voice, "-s", String(speed), "-w", path, text], { stdio: "ignore" }).status === 0;
}
