/*
 * The TLS client over Mbed TLS (2.28 to 4): its bytes come from and go to two small rings; whole records lie in the
 * library's own two buffers, which last from session to session.
 */
#include "tls_mbedtls.h"
#include "../tls_engine.h"
#include "../tls_ring.h"
#include "../tls_text.h"

#include <mbedtls/platform_util.h>
#include <psa/crypto.h>
#if MBEDTLS_VERSION_NUMBER < 0x04000000
	#include <mbedtls/psa_util.h>
#endif

#include <arpa/inet.h>
#include <stdlib.h>
#include <sys/stat.h>

#define INPUT_SIZE 2048
#define OUTPUT_SIZE 1024
/* Of the output, for what the library sends on its own (alerts); application data leaves it free. */
#define OUTPUT_RESERVE 256
#define SHORTEST_GROUP 2048 /* bits of the group of a DHE server */

/* Heap of the library beside the parsed authorities: measured, see TLS.md. */
#define SESSION_BYTES 65536
/* Heap per byte of the authorities' PEM file. */
#define AUTHORITY_FACTOR 3

struct TlsEngine {
	mbedtls_ssl_context ssl;
	mbedtls_ssl_config configuration;
	mbedtls_x509_crt authorities;
	TlsRing input;
	TlsRing output;
	size_t outputLimit; /* bytes that the output may hold now */
	int minimum13;
	int ready; /* a session was started */
	int begun; /* the server has answered with a record */
	int established;
	int stuck; /* the library holds output that the ring had no room for */
	int ended; /* close_notify is wanted */
	int notified; /* and queued */
	int outcome; /* 0, TLS_END or TLS_FAILED: stays until the next start */
	size_t authoritiesSize;
	size_t addressLength; /* of a numeric server name, else 0 */
	uint8_t address[16];
	char name[TLS_NAME_SIZE];
	char reason[TLS_REASON_SIZE];
	uint8_t inputBytes[INPUT_SIZE];
	uint8_t outputBytes[OUTPUT_SIZE];
};

/* ChaCha20 first where AES has no hardware. */
static const int CIPHERS[] = {
#if defined(MBEDTLS_SSL_PROTO_TLS1_3)
	MBEDTLS_TLS1_3_AES_128_GCM_SHA256,
	MBEDTLS_TLS1_3_CHACHA20_POLY1305_SHA256,
	MBEDTLS_TLS1_3_AES_256_GCM_SHA384,
#endif
#if !defined(ESP_PLATFORM)
	MBEDTLS_TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256,
	MBEDTLS_TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256,
#endif
	MBEDTLS_TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256,
	MBEDTLS_TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256,
	MBEDTLS_TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384,
	MBEDTLS_TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384,
#if defined(ESP_PLATFORM)
	MBEDTLS_TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256,
	MBEDTLS_TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256,
#endif
/* Mbed TLS 4 has no DHE. A list without legacy ciphers ends here. */
#define MODERN_CIPHERS_END 0
	MODERN_CIPHERS_END,
};

static const int CIPHERS_LEGACY[] = {
	MBEDTLS_TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256,
	MBEDTLS_TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256,
	MBEDTLS_TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256,
	MBEDTLS_TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256,
	MBEDTLS_TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384,
	MBEDTLS_TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384,
#if defined(MBEDTLS_TLS_DHE_RSA_WITH_AES_128_GCM_SHA256)
	MBEDTLS_TLS_DHE_RSA_WITH_AES_128_GCM_SHA256,
	MBEDTLS_TLS_DHE_RSA_WITH_AES_256_GCM_SHA384,
	MBEDTLS_TLS_DHE_RSA_WITH_AES_128_CBC_SHA256,
	MBEDTLS_TLS_DHE_RSA_WITH_AES_256_CBC_SHA256,
	MBEDTLS_TLS_DHE_RSA_WITH_AES_128_CBC_SHA,
	MBEDTLS_TLS_DHE_RSA_WITH_AES_256_CBC_SHA,
#endif
	0,
};
