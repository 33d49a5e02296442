import { Exit } from "device/options";
import { wall } from "time/clock";

/** What is said about the device and its configuration when something is wrong. */
export interface DiagnosisFacts {
	/** `arrow.service` as configured. */
	readonly service: string;
	/** Path of the authorities' file. */
	readonly authorities: string;
	readonly uuid: string;
	readonly mac: string;
}

/** Which of the certificate's faults, or another one, stopped a handshake: by the reasons' words (modules/net/TLS.md). */
export function tlsFault(reason: string): number {
	if (reason.indexOf("has expired") >= 0) return Exit.EXPIRED;
	if (reason.indexOf("is not valid before") >= 0) return Exit.NOT_YET;
	if (reason.indexOf("certificate is for ") >= 0) return Exit.WRONG_NAME;
	if (reason.indexOf("certificate") >= 0) return Exit.UNTRUSTED;
	return Exit.NO_TLS;
}

/** A failed connection in words, with the host's name for it. */
export function connectionWords(error: string): string {
	switch (error) {
		case "ECONNREFUSED":
			return "nothing listens there (ECONNREFUSED)";
		case "ENETUNREACH":
		case "EHOSTUNREACH":
		case "ENETDOWN":
			return "there is no way to it (" + error + ")";
		case "ETIMEDOUT":
			return "no answer (ETIMEDOUT)";
		case "ECONNRESET":
			return "cut by the other side (ECONNRESET)";
		default:
			return error;
	}
}

/** What to do about a finding, one line each. */
export function advice(code: number, reason: string, facts: DiagnosisFacts): string[] {
	switch (code) {
		case Exit.NO_NAME:
			return [
				"Is the name in arrow.service (" + facts.service + ") spelled right?",
				"Does this network have a name server, and does the device use it? (/etc/resolv.conf)",
			];
		case Exit.NO_CONNECTION:
			return connectionAdvice(reason, facts);
		case Exit.NO_TLS:
			return tlsAdvice(reason);
		case Exit.UNTRUSTED:
			return [
				"Put the certificate of the authority that signs for the service into " + facts.authorities + " (PEM).",
				"If it is there, something between the device and the service opens TLS connections: ask who runs the network.",
			];
		case Exit.EXPIRED:
			return ["Whoever runs the service must renew its certificate, unless the clock here is wrong: " + clock()];
		case Exit.NOT_YET:
			return ["Set the clock of the device (NTP): " + clock()];
		case Exit.WRONG_NAME:
			return ["arrow.service must be one of the names in the certificate, or the service needs a certificate for this name."];
		case Exit.NOT_PAIRED:
			return [
				"Everything on the way works. Add the device to your account with these two, then it connects by itself:",
				"MAC   " + facts.mac,
				"UUID  " + facts.uuid,
			];
		case Exit.NO_SUCH_VERSION:
			return ["This device speaks Arrow version 2. Ask whoever runs the service which address still serves it."];
		case Exit.REFUSED:
			return ["Tell whoever runs the service the code, and this device's UUID: " + facts.uuid];
		case Exit.NO_ANSWER:
			return ["The service is there and does not serve this device. Try again in some minutes, then ask whoever runs it."];
		case Exit.NO_ARROW:
			return [
				"Is arrow.service (" +
					facts.service +
					") the right address and port? What is there speaks TLS, and something else inside.",
			];
		case Exit.REDIRECTS:
			return ["Whoever runs the service must repair it: its redirects do not lead to a service that keeps the device."];
		default:
			return [];
	}
}

function connectionAdvice(reason: string, facts: DiagnosisFacts): string[] {
	if (reason === "ECONNREFUSED") {
		return [
			"The machine is there, and nothing listens at that port or a firewall refuses it.",
			"Is the port in arrow.service (" + facts.service + ") right? 8900 is taken when none is given.",
		];
	}
	if (reason === "ENETUNREACH" || reason === "EHOSTUNREACH" || reason === "ENETDOWN")
		return ["There is no way to that address from here: is the device on the network, with an address and a router?"];
	return [
		"Nothing came back. A firewall drops the connection, or the machine is off.",
		"Does the network let connections out to that port?",
	];
}

function tlsAdvice(reason: string): string[] {
	if (reason.indexOf("not TLS") >= 0) return ["Is the port right? What answers there is no TLS server."];
	if (reason.indexOf("no allowed version") >= 0 || reason.indexOf("no cipher") >= 0)
		return ["The service's TLS is too old. arrow.legacyCiphers offers older ciphers; TLS below 1.2 is never used."];
	return ["The connection was cut in the middle of the handshake: by the service, or by a firewall that looks into TLS."];
}

function clock(): string {
	return "it says " + new Date(wall()).toISOString();
}
