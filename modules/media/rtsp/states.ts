/** States of a client. */
export const STATE_IDLE = 0;
/** Until the next attempt. */
export const STATE_WAITING = 1;
export const STATE_OPENING = 2;
export const STATE_GREETING = 3;
export const STATE_DESCRIBING = 4;
export const STATE_SETTING_UP = 5;
export const STATE_STARTING = 6;
export const STATE_PLAYING = 7;
export const STATE_LEAVING = 8;
export const STATE_TEXT = Object.freeze([
	"idle",
	"waiting",
	"opening",
	"greeting",
	"describing",
	"setting-up",
	"starting",
	"playing",
	"leaving",
]);

/** What the owner is to do with the connection. */
export const ORDER_NOTHING = 0;
/** Close what is open, connect to `host` and `port`; then `opened`, or `lost`. */
export const ORDER_OPEN = 1;
/** Close what is open. */
export const ORDER_CLOSE = 2;
