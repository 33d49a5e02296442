/** `ssh -R` of Debian's OpenSSH: a server and a client of the calling user, with keys and configuration of their own. */
import { execFileSync, spawn } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { copyFileSync, existsSync, mkdirSync, writeFileSync } from "node:fs";
import { connect } from "node:net";
import { userInfo } from "node:os";
import { join } from "node:path";
import { freePort } from "../peers/arrow_service.ts";

const SSHD = "/usr/sbin/sshd";

export interface SshTunnel {
	readonly port: number;
	/** Process of the client, which stands where the device stands, and of the server. */
	readonly client: number;
	readonly server: number;
	close(): void;
}

function key(path: string): void {
	execFileSync("ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-f", path]);
}

async function waitForPort(port: number, what: string, children: readonly ChildProcess[]): Promise<void> {
	for (let tries = 0; tries < 200; tries += 1) {
		const open = await new Promise<boolean>((resolve) => {
			const socket = connect(port, "127.0.0.1", () => resolve(true));
			socket.once("error", () => resolve(false));
			socket.once("connect", () => socket.destroy());
		});
		if (open) return;
		if (children.some((child) => child.exitCode !== null)) break;
		await new Promise((resolve) => setTimeout(resolve, 50));
	}
	throw new Error(`${what} does not listen on port ${port}`);
}

/**
 * A port of the server that leads to `target` on the client's side, by this cipher. `between` gives the port of a relay to the server, for a
 * client that is to come through one.
 */
export async function sshTunnel(
	folder: string,
	target: number,
	cipher: string,
	between: (server: number) => Promise<number> = (server) => Promise.resolve(server),
): Promise<SshTunnel> {
	if (!existsSync(SSHD))
		throw new Error("sshd is missing: apt-get install --no-install-recommends openssh-server openssh-client");
	mkdirSync(folder, { recursive: true, mode: 0o700 });
	key(join(folder, "host"));
	key(join(folder, "user"));
	copyFileSync(join(folder, "user.pub"), join(folder, "authorized"));
	const port = await freePort();
	const forwarded = await freePort();
	const settings = [
		`Port ${port}`,
		"ListenAddress 127.0.0.1",
		`HostKey ${join(folder, "host")}`,
		`AuthorizedKeysFile ${join(folder, "authorized")}`,
		"PidFile none",
		"StrictModes no",
		"UsePAM no",
		"PasswordAuthentication no",
		"PermitRootLogin prohibit-password",
	];
	writeFileSync(join(folder, "sshd_config"), `${settings.join("\n")}\n`);
	// A server of root wants its empty folder, which the system's service would have made.
	if (process.getuid?.() === 0) mkdirSync("/run/sshd", { recursive: true, mode: 0o755 });
	const server = spawn(SSHD, ["-D", "-e", "-f", join(folder, "sshd_config")], { stdio: "ignore" });
	const children = [server];
	const close = (): void => {
		for (const child of children) child.kill("SIGTERM");
	};
	process.once("exit", close);
	try {
		await waitForPort(port, "sshd", [server]);
		const options = [
			"StrictHostKeyChecking=no",
			"UserKnownHostsFile=/dev/null",
			"ExitOnForwardFailure=yes",
			"LogLevel=ERROR",
			`Ciphers=${cipher}`,
		];
		const client = spawn(
			"ssh",
			[
				...["-N", "-F", "none", "-p", String(await between(port)), "-i", join(folder, "user"), "-l", userInfo().username],
				...options.flatMap((option) => ["-o", option]),
				...["-R", `127.0.0.1:${forwarded}:127.0.0.1:${target}`, "127.0.0.1"],
			],
			{ stdio: ["ignore", "ignore", "inherit"] },
		);
		children.push(client);
		await waitForPort(forwarded, "ssh -R", children);
		return { port: forwarded, client: client.pid ?? 0, server: server.pid ?? 0, close };
	} catch (error) {
		close();
		throw error;
	}
}
