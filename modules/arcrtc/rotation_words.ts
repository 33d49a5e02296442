/** What `KeyRotation` says of itself: states, what is to be done, reasons, and what became of a message. */

/** No rotation is under way. */
export const ROTATION_STEADY = 0;
/** KEY_ROTATE was sent, KEY_ROTATE_ACK has not come. */
export const ROTATION_ASKED = 1;
/** It was sent three times in vain: the same request is made again later. Packets go on under the old keys. */
export const ROTATION_PAUSED = 2;
/** New keys are in use, the old ones still open what is late. */
export const ROTATION_GRACE = 3;
/** The key is used up, or the peers are out of step: the session must connect anew. */
export const ROTATION_STOPPED = 4;

/** What is to be done, in this order. Nothing. */
export const ROTATION_NOTHING = 0;
/** Old keys and replay windows are to be overwritten, of all streams. */
export const ROTATION_FORGET = 1;
/** KEY_ROTATE is to be sent: `requestEpoch`, `requestReason`, `requestKey`; `attempt` above 0: the same message as before. */
export const ROTATION_SEND_REQUEST = 2;
/** KEY_ROTATE_ACK is to be sent: `answerEpoch`, `answerKey` ("": the field is left out), `answerTo`. */
export const ROTATION_SEND_ANSWER = 3;
/** `epoch` and `master` are new: all streams, of both directions, get keys from it; senders switch with their next packet. */
export const ROTATION_INSTALL = 4;
/** No answer came in 7 s; the old keys stay. */
export const ROTATION_GAVE_UP = 5;
/** Nothing may be sent under this key any more, or the peer is out of step: connect anew. */
export const ROTATION_RECONNECT = 6;

/** Why (field `reason` of KEY_ROTATE), the weightier the higher. */
export const REASON_NONE = 0;
export const REASON_MANUAL = 1;
export const REASON_INTERVAL = 2;
export const REASON_SECURITY = 3;
export const REASON_PACKETS = 4;
export const REASONS = Object.freeze(["", "manual", "interval", "security", "packets"] as const);

/** What became of a message of the peer. */
export const ROTATION_TAKEN = 0;
/** Not for now: a repetition, or the peer's request gives way to ours. No answer. */
export const ROTATION_IGNORED = 1;
/** Its public key cannot be: ERROR `key`. */
export const ROTATION_BAD_KEY = 2;
/** Its epoch cannot be: ERROR `state`. */
export const ROTATION_BAD_STATE = 3;
