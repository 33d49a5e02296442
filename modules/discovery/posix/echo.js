export const EchoStatus = Object.freeze({ SENT: 0, AGAIN: -1, FAILED: -2 });

export default class Echo @ "fletcher_echo_destructor" {
	constructor(options) @ "fletcher_echo"
	open() @ "fletcher_echo_open"
	send(address) @ "fletcher_echo_send"
	read() @ "fletcher_echo_read"
	close() @ "fletcher_echo_close"
}
