export function buttonBytes() @ "fletcher_button_bytes";

export class Button @ "fletcher_button_destructor" {
	constructor(options) @ "fletcher_button"
	get pressed() @ "fletcher_button_get_pressed"
	get error() @ "fletcher_button_get_error"
	close() @ "fletcher_button_close"
}
