/** The Debian packages that building and testing need: installed when root, else named in one line. */
import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { targetReady, targets } from "./targets.ts";

export interface Need {
	/** What it is for, in a person's words. */
	purpose: string;
	packages: string[];
	/** dpkg architecture that must be known first. */
	architecture?: string;
	ready: () => boolean;
}

const onPath = (name: string): boolean => (process.env.PATH ?? "").split(":").some((folder) => existsSync(`${folder}/${name}`));

const libraries = ["x86_64", "aarch64"].map((name) => `/usr/lib/${name}-linux-gnu`);
const hasTypelib = (name: string): boolean =>
	libraries.some((folder) => existsSync(`${folder}/girepository-1.0/${name}.typelib`));
const hasPlugin = (name: string): boolean => libraries.some((folder) => existsSync(`${folder}/gstreamer-1.0/libgst${name}.so`));

function ofTarget(name: string): Need {
	const target = targets[name];
	if (!target) throw new Error(`${name}: no such target`);
	const tools = name === "linux64" ? ["gcc", "make"] : [target.compiler];
	return {
		purpose: `the ${name} build`,
		packages: target.packages,
		...(target.architecture ? { architecture: target.architecture } : {}),
		ready: () => targetReady(target) && tools.every(onPath),
	};
}

/** What `npm start` and `npm run build` need. */
export const toBuild: Need[] = [
	ofTarget("linux64"),
	{ purpose: "certificates", packages: ["openssl"], ready: () => onPath("openssl") },
];

/** What `npm test` needs besides. */
export const toTest: Need[] = [
	ofTarget("linux32"),
	ofTarget("armhf"),
	{ purpose: "the viewers", packages: ["ffmpeg", "curl"], ready: () => onPath("ffmpeg") && onPath("curl") },
	{ purpose: "libsrtp2 as a peer", packages: ["libsrtp2-dev"], ready: () => existsSync("/usr/include/srtp2/srtp.h") },
	{ purpose: "the speech of the voice tests", packages: ["espeak-ng"], ready: () => onPath("espeak-ng") },
	{ purpose: "the page's test", packages: ["chromium"], ready: () => onPath("chromium") },
	{
		purpose: "the RTSP camera",
		packages: ["python3-gi", "gir1.2-gst-rtsp-server-1.0", "gstreamer1.0-plugins-base", "gstreamer1.0-plugins-good"],
		ready: () => existsSync("/usr/lib/python3/dist-packages/gi") && hasTypelib("GstRtspServer-1.0") && hasPlugin("rtp"),
	},
	{
		purpose: "networks of cameras",
		packages: ["iproute2", "nftables", "tcpdump"],
		ready: () => ["ip", "nft", "tcpdump"].every(onPath),
	},
	{ purpose: "VLC as a camera", packages: ["vlc-bin", "vlc-plugin-base"], ready: () => onPath("cvlc") },
	{
		purpose: "the benchmark",
		packages: ["openssh-server", "openssh-client"],
		ready: () => existsSync("/usr/sbin/sshd") && onPath("ssh"),
	},
];

function apt(args: string[]): boolean {
	const result = spawnSync("apt-get", args, {
		stdio: ["ignore", "ignore", "inherit"],
		env: { ...process.env, DEBIAN_FRONTEND: "noninteractive" },
	});
	return result.status === 0;
}

/**
 * Makes sure that what is needed is there. As root it installs what is missing; else it prints the one line that does.
 * @returns the needs that stayed unmet.
 */
export function ensure(needs: Need[]): Need[] {
	const missing = needs.filter((need) => !need.ready());
	if (missing.length === 0) return [];
	const packages = missing.flatMap((need) => need.packages);
	const architectures = [...new Set(missing.flatMap((need) => (need.architecture ? [need.architecture] : [])))];
	if (process.getuid?.() !== 0 || !onPath("apt-get")) {
		const add = architectures.map((name) => `sudo dpkg --add-architecture ${name} && `).join("");
		console.error(`Missing for ${missing.map((need) => need.purpose).join(", ")}. Install with:`);
		console.error(`  ${add}sudo apt-get update && sudo apt-get install --no-install-recommends ${packages.join(" ")}`);
		return missing;
	}
	console.error(`Installing Debian packages: ${packages.join(" ")} …`);
	for (const name of architectures) spawnSync("dpkg", ["--add-architecture", name]);
	apt(["-qq", "update"]);
	// One group at a time: an index of a foreign architecture that is out of step must not keep the others out.
	for (const need of missing) apt(["-qq", "install", "--no-install-recommends", "-y", ...need.packages]);
	return needs.filter((need) => !need.ready());
}
