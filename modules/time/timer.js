export default class Timer @ "fletcher_timer_destructor" {
	constructor(options) @ "fletcher_timer"
	schedule(delay) @ "fletcher_timer_schedule"
	cancel() @ "fletcher_timer_cancel"
	close() @ "fletcher_timer_close"
}
