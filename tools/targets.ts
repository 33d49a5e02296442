/** What Fletcher is built for on Linux. */
import { existsSync } from "node:fs";

export interface Target {
	name: string;
	/** Of the manifest's `platforms`. */
	platform: string;
	compiler: string;
	flags: string[];
	/** How an executable of the target is run here; empty when the machine runs it itself. */
	runner: string[];
	/** Debian packages that building and running need. */
	packages: string[];
	/** Architecture that dpkg has to know for them. */
	architecture?: string;
	/** A file that is there when the packages are. */
	probe: string[];
}

export const targets: Record<string, Target> = {
	linux64: {
		name: "linux64",
		platform: "linux/linux64",
		compiler: "gcc",
		flags: [],
		runner: [],
		packages: ["gcc", "make", "libc6-dev", "libssl-dev", "libopus-dev", "libasound2-dev"],
		probe: ["/usr/include/openssl/ssl.h", "/usr/include/opus/opus.h", "/usr/include/alsa/asoundlib.h"],
	},
	linux32: {
		name: "linux32",
		platform: "linux/linux32",
		compiler: "gcc",
		flags: ["-m32", "-msse2", "-mfpmath=sse", "-isystem", "/usr/include/x86_64-linux-gnu"],
		runner: [],
		packages: ["lib32gcc-12-dev", "libc6-dev-i386", "libmbedtls-dev:i386", "libopus-dev:i386", "libasound2:i386"],
		architecture: "i386",
		probe: [
			"/usr/lib/i386-linux-gnu/libmbedtls.so",
			"/usr/lib/i386-linux-gnu/libopus.so",
			"/usr/lib/i386-linux-gnu/libasound.so.2",
			"/usr/lib32/crt1.o",
		],
	},
	armhf: {
		name: "armhf",
		platform: "linux/armhf",
		compiler: "arm-linux-gnueabihf-gcc",
		flags: [],
		runner: ["qemu-arm"],
		packages: [
			"gcc-arm-linux-gnueabihf",
			"libc6-dev-armhf-cross",
			"libc6:armhf",
			"libmbedtls-dev:armhf",
			"libopus-dev:armhf",
			"libasound2:armhf",
			"qemu-user",
		],
		architecture: "armhf",
		probe: [
			"/usr/bin/arm-linux-gnueabihf-gcc",
			"/usr/lib/arm-linux-gnueabihf/libmbedtls.so",
			"/usr/lib/arm-linux-gnueabihf/libopus.so",
			"/usr/lib/arm-linux-gnueabihf/libasound.so.2",
			"/usr/bin/qemu-arm",
		],
	},
};

/** True when every file is there that building and running a target needs. */
export function targetReady(target: Target): boolean {
	return target.probe.every((file) => existsSync(file));
}
