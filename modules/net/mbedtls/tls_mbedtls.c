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
#include <errno.h>
#include <stdlib.h>
#include <sys/stat.h>

#define INPUT_SIZE 2048
#define OUTPUT_SIZE 1024
/* Of the output, for what the library sends on its own (alerts); application data leaves it free. */
#define OUTPUT_RESERVE 256
#define SHORTEST_GROUP 2048 /* bits of the group of a DHE server */

/* Heap of the library, measured: see TLS.md. */
#define RECORD_BYTES (MBEDTLS_SSL_IN_CONTENT_LEN + MBEDTLS_SSL_OUT_CONTENT_LEN + 1024)
#define SESSION_BYTES 12288 /* at the peak of the handshake, without the server's certificates */
/* Per byte of the server's certificates, which fill one record at most, when it sends many small ones. */
#define CHAIN_FACTOR (sizeof(void *) == 4 ? 3 : 5)
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

#if defined(MBEDTLS_SSL_PROTO_TLS1_3)
	#define CIPHERS_13 \
		MBEDTLS_TLS1_3_AES_128_GCM_SHA256, MBEDTLS_TLS1_3_CHACHA20_POLY1305_SHA256, MBEDTLS_TLS1_3_AES_256_GCM_SHA384,
#else
	#define CIPHERS_13
#endif
#define CIPHERS_AES \
	MBEDTLS_TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256, MBEDTLS_TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256, \
	MBEDTLS_TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384, MBEDTLS_TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384,
#define CIPHERS_CHACHA \
	MBEDTLS_TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256, MBEDTLS_TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256,
/* ChaCha20 first where AES has no hardware. */
#if defined(ESP_PLATFORM)
	#define CIPHERS_12 CIPHERS_AES CIPHERS_CHACHA
#else
	#define CIPHERS_12 CIPHERS_CHACHA CIPHERS_AES
#endif
/* Mbed TLS 4 has no finite-field Diffie-Hellman any more. */
#if defined(MBEDTLS_TLS_DHE_RSA_WITH_AES_128_GCM_SHA256)
	#define CIPHERS_DHE \
		MBEDTLS_TLS_DHE_RSA_WITH_AES_128_GCM_SHA256, MBEDTLS_TLS_DHE_RSA_WITH_AES_256_GCM_SHA384, \
		MBEDTLS_TLS_DHE_RSA_WITH_AES_128_CBC_SHA256, MBEDTLS_TLS_DHE_RSA_WITH_AES_256_CBC_SHA256, \
		MBEDTLS_TLS_DHE_RSA_WITH_AES_128_CBC_SHA, MBEDTLS_TLS_DHE_RSA_WITH_AES_256_CBC_SHA,
#else
	#define CIPHERS_DHE
#endif
static const int ciphers[] = {CIPHERS_13 CIPHERS_12 0};
static const int ciphersWithLegacy[] = {CIPHERS_13 CIPHERS_12 CIPHERS_DHE 0};

/* What the library reads comes from the input ring, what it sends goes to the output ring. */

static int receiveBytes(void *pointer, unsigned char *data, size_t size)
{
	TlsEngine *engine = pointer;
	size_t done = tlsRingRead(&engine->input, data, size);
	return done > 0 ? (int)done : MBEDTLS_ERR_SSL_WANT_READ;
}

static int sendBytes(void *pointer, const unsigned char *data, size_t length)
{
	TlsEngine *engine = pointer;
	size_t used = engine->output.used;
	size_t space = engine->outputLimit > used ? engine->outputLimit - used : 0;
	size_t done = tlsRingWrite(&engine->output, data, length < space ? length : space);
	/* The last call before the library returns tells whether something stayed behind. */
	engine->stuck = done < length;
	return done > 0 ? (int)done : MBEDTLS_ERR_SSL_WANT_WRITE;
}

static void failWith(TlsEngine *engine, int error)
{
	if (engine->outcome == TLS_FAILED) return;
	engine->outcome = TLS_FAILED;
	if (!engine->reason[0]) tlsReasonOfError(&engine->ssl, error, engine->begun, engine->minimum13, engine->reason);
}

/* Called for each certificate of the chain, its root first. */
static int onCertificate(void *pointer, mbedtls_x509_crt *certificate, int depth, uint32_t *flags)
{
	TlsEngine *engine = pointer;
	engine->begun = 1;
	if (depth == 0 && engine->addressLength > 0 && !tlsHoldsAddress(certificate, engine->address, engine->addressLength))
		*flags |= MBEDTLS_X509_BADCERT_CN_MISMATCH;
	if (*flags && !engine->reason[0])
		tlsReasonOfCertificate(certificate, depth, *flags, &engine->authorities, engine->name, engine->reason);
	return 0;
}

static int configure(TlsEngine *engine, const TlsOptions *options)
{
	mbedtls_ssl_config *configuration = &engine->configuration;
	if (psa_crypto_init() != PSA_SUCCESS) return 0;
	if (mbedtls_ssl_config_defaults(configuration, MBEDTLS_SSL_IS_CLIENT, MBEDTLS_SSL_TRANSPORT_STREAM, MBEDTLS_SSL_PRESET_DEFAULT) != 0)
		return 0;
	mbedtls_ssl_conf_authmode(configuration, MBEDTLS_SSL_VERIFY_REQUIRED);
	mbedtls_ssl_conf_verify(configuration, onCertificate, engine);
	mbedtls_ssl_conf_ca_chain(configuration, &engine->authorities, NULL);
	mbedtls_ssl_conf_ciphersuites(configuration, options->legacyCiphers ? ciphersWithLegacy : ciphers);
#if MBEDTLS_VERSION_NUMBER < 0x03000000
	mbedtls_ssl_conf_min_version(configuration, MBEDTLS_SSL_MAJOR_VERSION_3, MBEDTLS_SSL_MINOR_VERSION_3);
#else
	mbedtls_ssl_conf_min_tls_version(configuration, options->minimum13 ? MBEDTLS_SSL_VERSION_TLS1_3 : MBEDTLS_SSL_VERSION_TLS1_2);
#endif
#if MBEDTLS_VERSION_NUMBER < 0x04000000
	mbedtls_ssl_conf_rng(configuration, mbedtls_psa_get_random, MBEDTLS_PSA_RANDOM_STATE);
	#if defined(MBEDTLS_DHM_C)
	mbedtls_ssl_conf_dhm_min_bitlen(configuration, SHORTEST_GROUP);
	#endif
#endif
#if defined(MBEDTLS_SSL_RENEGOTIATION)
	mbedtls_ssl_conf_renegotiation(configuration, MBEDTLS_SSL_RENEGOTIATION_DISABLED);
#endif
#if defined(MBEDTLS_SSL_SESSION_TICKETS) && defined(MBEDTLS_SSL_CLI_C)
	mbedtls_ssl_conf_session_tickets(configuration, MBEDTLS_SSL_SESSION_TICKETS_DISABLED);
#endif
	if (mbedtls_ssl_setup(&engine->ssl, configuration) != 0) return 0;
	mbedtls_ssl_set_bio(&engine->ssl, engine, sendBytes, receiveBytes, NULL);
	return 1;
}

TlsEngine *tlsNew(const TlsOptions *options, char *why)
{
	TlsText text = tlsText(why);
	struct stat file;
	TlsEngine *engine = calloc(1, sizeof *engine);
	if (!engine) {
		tlsSay(&text, "no memory for a TLS engine");
		return NULL;
	}
	mbedtls_ssl_init(&engine->ssl);
	mbedtls_ssl_config_init(&engine->configuration);
	mbedtls_x509_crt_init(&engine->authorities);
	if (stat(options->authorities, &file) != 0) {
		tlsSayUnreadable(why, options->authorities, strerror(errno));
	} else if (mbedtls_x509_crt_parse_file(&engine->authorities, options->authorities) < 0 || engine->authorities.version == 0) {
		/* Some unreadable ones among others are left out; none at all is an error. */
		tlsSayNoCertificate(why, options->authorities);
#if !defined(MBEDTLS_SSL_PROTO_TLS1_3)
	} else if (options->minimum13) {
		tlsSay(&text, "this build's Mbed TLS has no TLS 1.3: set the minimum to 1.2");
#endif
	} else if (!configure(engine, options)) {
		tlsSay(&text, "no memory or no randomness for a TLS engine");
	} else {
		engine->minimum13 = options->minimum13;
		engine->authoritiesSize = (size_t)file.st_size;
		engine->input = (TlsRing){engine->inputBytes, INPUT_SIZE, 0, 0};
		engine->output = (TlsRing){engine->outputBytes, OUTPUT_SIZE, 0, 0};
		engine->outputLimit = OUTPUT_SIZE;
		return engine;
	}
	tlsFree(engine);
	return NULL;
}

void tlsFree(TlsEngine *engine)
{
	mbedtls_ssl_free(&engine->ssl);
	mbedtls_ssl_config_free(&engine->configuration);
	mbedtls_x509_crt_free(&engine->authorities);
	mbedtls_platform_zeroize(engine, sizeof *engine);
	free(engine);
}

void tlsStart(TlsEngine *engine, const char *name)
{
	size_t length = strlen(name);
	engine->ready = engine->begun = engine->established = engine->stuck = engine->ended = engine->notified = engine->outcome = 0;
	engine->reason[0] = 0;
	engine->addressLength = 0;
	tlsRingClear(&engine->input);
	tlsRingClear(&engine->output);
	/* The dot that ends a fully qualified name is no part of it in a certificate. */
	if (length > 1 && name[length - 1] == '.') length--;
	if (length == 0 || length >= TLS_NAME_SIZE) {
		strcpy(engine->reason, "the server's name is empty or too long");
		failWith(engine, 0);
		return;
	}
	tlsPrintable(engine->name, sizeof engine->name, (const uint8_t *)name, length);
	if (inet_pton(AF_INET, engine->name, engine->address) == 1) engine->addressLength = 4;
	else if (inet_pton(AF_INET6, engine->name, engine->address) == 1) engine->addressLength = 16;
	/* An address has no SNI (RFC 6066 section 3), and onCertificate compares it. */
	if (mbedtls_ssl_session_reset(&engine->ssl) != 0 ||
		mbedtls_ssl_set_hostname(&engine->ssl, engine->addressLength ? NULL : engine->name) != 0) {
		strcpy(engine->reason, "no memory for a TLS session");
		failWith(engine, 0);
		return;
	}
	engine->ready = 1;
}

size_t tlsReceive(TlsEngine *engine, const uint8_t *data, size_t length)
{
	return tlsRingWrite(&engine->input, data, length);
}

/* Moves what the library holds back into the ring. Writing one byte flushes then, and the byte itself is not looked at. */
static int unstick(TlsEngine *engine)
{
	if (!engine->stuck) return 1;
	int result = mbedtls_ssl_write(&engine->ssl, engine->outputBytes, 1);
	if (result == MBEDTLS_ERR_SSL_WANT_WRITE || result == MBEDTLS_ERR_SSL_WANT_READ) return 0;
	if (result < 0) failWith(engine, result);
	return result > 0;
}

static void notify(TlsEngine *engine)
{
	/* While something is stuck the library would flush that only. */
	if (!engine->ended || engine->notified || engine->stuck) return;
	engine->notified = 1;
	mbedtls_ssl_close_notify(&engine->ssl);
}

size_t tlsSend(TlsEngine *engine, uint8_t *data, size_t size)
{
	size_t done = tlsRingRead(&engine->output, data, size);
	engine->outputLimit = OUTPUT_SIZE;
	while (done < size && engine->established && engine->outcome != TLS_FAILED && engine->stuck) {
		unstick(engine);
		size_t piece = tlsRingRead(&engine->output, data + done, size - done);
		if (piece == 0) break;
		done += piece;
	}
	if (engine->ended && !engine->notified && !engine->stuck) {
		notify(engine);
		done += tlsRingRead(&engine->output, data + done, size - done);
	}
	return done;
}

TlsHandshake tlsHandshake(TlsEngine *engine)
{
	if (engine->outcome == TLS_FAILED) return TLS_REFUSED;
	if (engine->established) return TLS_DONE;
	if (!engine->ready) return TLS_GOING_ON;
	engine->outputLimit = OUTPUT_SIZE;
	int result = mbedtls_ssl_handshake(&engine->ssl);
	if (result == 0) {
		engine->established = 1;
		return TLS_DONE;
	}
	if (result == MBEDTLS_ERR_SSL_WANT_READ || result == MBEDTLS_ERR_SSL_WANT_WRITE) return TLS_GOING_ON;
	if (result == MBEDTLS_ERR_SSL_PEER_CLOSE_NOTIFY) strcpy(engine->reason, "server ended the session during the handshake");
	failWith(engine, result);
	return TLS_REFUSED;
}

int tlsRead(TlsEngine *engine, uint8_t *data, size_t size)
{
	size_t done = 0;
	engine->outputLimit = OUTPUT_SIZE;
	/* Several small records are given at once. What ends the session is told when the data before it was taken. */
	while (done < size && engine->established && engine->outcome == 0) {
		int result = mbedtls_ssl_read(&engine->ssl, data + done, size - done);
		if (result > 0) done += (size_t)result;
		else if (result == MBEDTLS_ERR_SSL_WANT_READ || result == MBEDTLS_ERR_SSL_WANT_WRITE) break;
		else if (result == MBEDTLS_ERR_SSL_PEER_CLOSE_NOTIFY) engine->outcome = TLS_END;
#if defined(MBEDTLS_ERR_SSL_RECEIVED_NEW_SESSION_TICKET)
		else if (result == MBEDTLS_ERR_SSL_RECEIVED_NEW_SESSION_TICKET) continue;
#endif
		else failWith(engine, result);
	}
	return done > 0 ? (int)done : engine->outcome;
}

int tlsWrite(TlsEngine *engine, const uint8_t *data, size_t length)
{
	size_t done = 0;
	if (engine->outcome == TLS_FAILED || engine->ended) return TLS_FAILED;
	engine->outputLimit = OUTPUT_SIZE - OUTPUT_RESERVE;
	while (done < length && engine->established && unstick(engine)) {
		int most = mbedtls_ssl_get_max_out_record_payload(&engine->ssl);
		size_t piece = length - done;
		if (most > 0 && piece > (size_t)most) piece = (size_t)most;
		int result = mbedtls_ssl_write(&engine->ssl, data + done, piece);
		if (result > 0) done += (size_t)result;
		/* The record is made, and only partly in the ring: its bytes are taken. */
		else if (result == MBEDTLS_ERR_SSL_WANT_WRITE) done += piece;
		else failWith(engine, result);
		if (result <= 0) break;
	}
	return done == 0 && engine->outcome == TLS_FAILED ? TLS_FAILED : (int)done;
}

void tlsEnd(TlsEngine *engine)
{
	if (!engine->established || engine->ended || engine->outcome == TLS_FAILED) return;
	engine->ended = 1;
	engine->outputLimit = OUTPUT_SIZE;
	notify(engine);
}

const char *tlsReason(const TlsEngine *engine)
{
	return engine->outcome == TLS_FAILED ? engine->reason : "";
}

const char *tlsVersion(const TlsEngine *engine)
{
	return engine->established ? mbedtls_ssl_get_version(&engine->ssl) : "";
}

const char *tlsCipher(const TlsEngine *engine)
{
	return engine->established ? mbedtls_ssl_get_ciphersuite(&engine->ssl) : "";
}

size_t tlsMemory(const TlsEngine *engine)
{
	return sizeof *engine + RECORD_BYTES + SESSION_BYTES + CHAIN_FACTOR * MBEDTLS_SSL_IN_CONTENT_LEN +
		AUTHORITY_FACTOR * engine->authoritiesSize;
}
