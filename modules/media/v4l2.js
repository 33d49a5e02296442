export const V4L2Status = Object.freeze({ NOTHING: 0, FAILED: -1, OVERSIZED: -2, DAMAGED: -3 });

export default class V4L2 @ "fletcher_v4l2_destructor" {
	constructor(options) @ "fletcher_v4l2"
	read(buffer, offset, room) @ "fletcher_v4l2_read"
	discard() @ "fletcher_v4l2_discard"
	get width() @ "fletcher_v4l2_get_width"
	get height() @ "fletcher_v4l2_get_height"
	get error() @ "fletcher_v4l2_get_error"
	close() @ "fletcher_v4l2_close"
}
