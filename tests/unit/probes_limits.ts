import { File, list, read, remove, replace } from "files/files";
import { exit, print } from "host/host";
import Resolver from "net/resolver";
import { Listener, Stream } from "net/stream";
import Timer from "time/timer";

/** Programs for a process whose limits were lowered from outside: they print what happened, a word and a value a line. */

/** Milliseconds for which a connection waits while the process has no descriptor left. */
const EXHAUSTED = 350;

/** All descriptors used up while a connection waits; then they are given back. */
function useUpDescriptors(): void {
	const held: File[] = [];
	const spare = new Stream({});
	const accepted = new Stream({});
	let calls = 0;
	let reason = "";
	const listener = new Listener({
		address: "127.0.0.1",
		port: 0,
		onReadable(): void {
			calls++;
			if (!listener.accept(accepted)) return;
			print("accepted true");
			exit(0);
		},
	});
	listener.want(0);
	const client = new Stream({});
	print("connect " + client.connect("127.0.0.1", listener.port));
	try {
		for (;;) held.push(new File("/proc/self/status"));
	} catch (error) {
		reason = (error as Error).message;
	}
	print("files " + (reason.indexOf("EMFILE") >= 0));
	print("second " + spare.connect("127.0.0.1", listener.port) + " " + spare.error);
	const resolver = new Resolver({
		onResolved(address): void {
			print("resolved " + address + " " + (resolver.error !== ""));
		},
	});
	resolver.resolve("a-name-that-is-not-there.example");
	listener.want(1);
	new Timer({
		onTimer(): void {
			print("calls " + calls);
			for (let i = 0; i < held.length; i++) (held[i] as File).close();
		},
	}).schedule(EXHAUSTED);
}

/** Files may not grow beyond 1,024 bytes: a replacement fails in the middle of its bytes. */
function replaceOverLimit(folder: string): void {
	const path = folder + "/state.json";
	print("small '" + replace(path, new ArrayBuffer(500), 0, 500, 0o600) + "'");
	print("large '" + replace(path, new ArrayBuffer(5000), 0, 5000, 0o600) + "'");
	print("old " + read(path, 10000).byteLength);
	print("names " + list(folder, 10).join());
	remove(path);
	exit(0);
}

/** @returns false when there is no such program. */
export function runLimitsProbe(name: string, argument: string | undefined): boolean {
	switch (name) {
		case "descriptors":
			useUpDescriptors();
			return true;
		case "file-size":
			replaceOverLimit(argument ?? ".");
			return true;
		default:
			return false;
	}
}
