/*
 * A TLS client without I/O, as openssl/ and mbedtls/ implement it. Pointers are checked by the caller (tls_script.c).
 */
#ifndef FLETCHER_TLS_ENGINE_H
#define FLETCHER_TLS_ENGINE_H

#include <stddef.h>
#include <stdint.h>

#define TLS_REASON_SIZE 320 /* of a reason's text with its NUL */
#define TLS_NAME_SIZE 256 /* of a server's name with its NUL (RFC 1035 section 2.3.4: 253 characters) */
#define TLS_PATH_SIZE 1024

typedef enum { TLS_GOING_ON = 0, TLS_DONE = 1, TLS_REFUSED = -1 } TlsHandshake;
/* What reading and writing give besides a byte count. */
#define TLS_AGAIN 0
#define TLS_END (-1)
#define TLS_FAILED (-2)

typedef struct {
	char authorities[TLS_PATH_SIZE];
	int minimum13;
	int legacyCiphers;
} TlsOptions;

typedef struct TlsEngine TlsEngine;

/* NULL with the cause in `why` (TLS_REASON_SIZE bytes). */
TlsEngine *tlsNew(const TlsOptions *options, char *why);
void tlsFree(TlsEngine *engine);
/* A name that cannot be one makes the session fail with a reason. */
void tlsStart(TlsEngine *engine, const char *name);
size_t tlsReceive(TlsEngine *engine, const uint8_t *data, size_t length);
size_t tlsSend(TlsEngine *engine, uint8_t *data, size_t size);
TlsHandshake tlsHandshake(TlsEngine *engine);
int tlsRead(TlsEngine *engine, uint8_t *data, size_t size);
int tlsWrite(TlsEngine *engine, const uint8_t *data, size_t length);
void tlsEnd(TlsEngine *engine);
const char *tlsReason(const TlsEngine *engine);
const char *tlsVersion(const TlsEngine *engine);
const char *tlsCipher(const TlsEngine *engine);
/* Upper bound of the bytes of native memory, the parsed authorities included. */
size_t tlsMemory(const TlsEngine *engine);

#endif
