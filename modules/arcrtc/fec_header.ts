/** First byte of a repair payload (RFC 8627 section 4.2.2): R = 0, F = 1, and the XOR of P, X and CC, which are 0 in the canonical view. */
export const FEC_FIXED = 0x40;
/** R and F. */
export const FEC_FORM_MASK = 0xc0;
/** Where the header has what. */
export const FEC_TYPE = 1;
export const FEC_LENGTH = 2;
export const FEC_TIME = 4;
export const FEC_BASE = 8;
export const FEC_L = 10;
export const FEC_D = 11;
