/** Why a connection to a server is of no more use. */
export const Failure = Object.freeze({
	NONE: 0,
	NAME: 1,
	CONNECT: 2,
	CONNECT_TIME: 3,
	LOST: 4,
	ENDED: 5,
	ANSWER_TIME: 6,
	NOT_RTSP: 7,
	STATUS: 8,
	PASSWORD_WANTED: 9,
	PASSWORD_REFUSED: 10,
	WAY_UNKNOWN: 11,
	NO_DESCRIPTION: 12,
	NOTHING_USABLE: 13,
	TRANSPORT: 14,
	TOO_LONG: 15,
	REDIRECTS: 16,
	REDIRECT: 17,
	SILENCE: 18,
	GOODBYE: 19,
	UDP_ADDRESS: 20,
	UDP_SILENCE: 21,
} as const);

/** What each means to a person. */
const WORDS = Object.freeze([
	"",
	"the name is not known",
	"cannot connect",
	"does not accept the connection in time",
	"the connection broke",
	"the server closed the connection",
	"the server does not answer in time",
	"what the server says is no RTSP, or over its limits",
	"the server refuses",
	"the server wants a user and a password: camera.source must have them",
	"the server refuses the user or the password of camera.source",
	"the server wants an authentication that is not known here",
	"the server sends no session description",
	"the server offers nothing that can be used here",
	"the server does not send this way: change camera.transport",
	"the server's URLs are too long",
	"the server redirects too often",
	"the server redirects to what is no RTSP",
	"no packet comes",
	"the server ended the stream",
	"UDP cannot reach this address: change camera.transport",
	"no packet comes by UDP, perhaps as a firewall is in the way: camera.transport can be changed",
]);

/** A failure in words: of which request and status, or what the server offers and what would have to be changed. */
export function reasonOf(failure: number, method: string, status: number, offers: string, hint: string): string {
	const text = WORDS[failure];
	if (failure === Failure.STATUS) return text + ": " + method + " is answered by " + status;
	if (failure !== Failure.NOTHING_USABLE) return text;
	return text + (offers === "" ? "" : ": " + offers) + (hint === "" ? "" : "; " + hint);
}

/** Failures that do not go away by themselves soon: trying often helps nobody, and may lock an account. */
export function isLasting(failure: number): boolean {
	return (
		(failure >= Failure.PASSWORD_WANTED && failure <= Failure.WAY_UNKNOWN) ||
		(failure >= Failure.NOTHING_USABLE && failure <= Failure.REDIRECT) ||
		failure === Failure.UDP_ADDRESS
	);
}
