export const SHA1_LENGTH = 20;

export function hmacSHA1(key, keyOffset, keyLength, buffer, offset, length, output, to) @ "fletcher_hmac_sha1";
