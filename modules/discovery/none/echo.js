/* For hosts without ICMP echo. */
export const EchoStatus = Object.freeze({ SENT: 0, AGAIN: -1, FAILED: -2 });

export default class Echo {
	open() {
		return false;
	}
	send() {
		return EchoStatus.FAILED;
	}
	read() {
		return -1;
	}
	close() {}
}
