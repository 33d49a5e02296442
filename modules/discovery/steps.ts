/** What a scanner asks for next; its fields say with what. */
/** Nothing until its deadline or the next event. */
export const STEP_NONE = 0;
/** Another network begins: for the log. */
export const STEP_NETWORK = 1;
/** Tell of each neighbour (`neighbour`), then `neighboursTold`. */
export const STEP_NEIGHBOURS = 2;
/** Have ARP ask for `address` on interface `link`; then `solicited`. */
export const STEP_SOLICIT = 3;
/** Send an ICMP echo request to `address`; then `echoed`. */
export const STEP_ECHO = 4;
/** Close what is open on `slot` and connect it to `address` and `port`; then `opened` or `failed`. */
export const STEP_CONNECT = 5;
/** Send `length` bytes from `offset` on `slot`; then `sent`. */
export const STEP_SEND = 6;
/** Close what is open on `slot`. */
export const STEP_CLOSE = 7;
/** The scan is over: `report` is new. */
export const STEP_FINISHED = 8;

/** How a step went. */
export const DONE = 0;
/** The host has no room now. */
export const AGAIN = -1;
/** It may not be done, now or ever. */
export const DENIED = -2;

/** How a connection failed. */
/** The peer refused: it is there. */
export const FAILURE_REFUSED = 0;
/** Nobody answered. */
export const FAILURE_SILENT = 1;
/** This host has no room for another connection now. */
export const FAILURE_ROOM = 2;
