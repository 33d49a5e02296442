/*
 * The TLS client over OpenSSL 3: its bytes come from and go to two rings of fixed size, through a BIO of its own.
 * The SSL_CTX (authorities, ciphers) and the rings last; the SSL object is made anew for each session, as SSL_clear keeps
 * parts of the last one.
 */
#include "tls_openssl.h"
#include "../tls_engine.h"
#include "../tls_ring.h"
#include "../tls_text.h"

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include <arpa/inet.h>
#include <errno.h>
#include <stdlib.h>
#include <sys/stat.h>

/* A ring takes one record of the longest plaintext (RFC 8446 section 5.1: 2^14) with header and tag, and some small ones. */
#define LONGEST_PLAINTEXT 16384
#define RING_SIZE 17408
/*
 * Kept free in the output by application data: header, nonce, tag and padding of the record itself, then room for
 * what OpenSSL sends on its own (alerts, KeyUpdate), so that it never waits.
 */
#define OUTPUT_RESERVE 512
/* Below this room a long write waits for the output to drain, rather than being cut into small records. */
#define SMALLEST_PIECE 2048
/* The longest certificate message taken from a server; OpenSSL's own limit is 100 KB. */
#define LONGEST_CHAIN 10240
#define DEEPEST_CHAIN 8
#define SECURITY_LEVEL 2 /* of OpenSSL: keys of 112 bits and more, no SHA-1 in certificates */

/* Heap of OpenSSL, measured: see TLS.md. */
#define CONTEXT_BYTES 20480
#define SESSION_BYTES 126976 /* at the peak of the handshake, without the server's certificates */
#define CHAIN_FACTOR 15 /* per byte of the server's certificates, when it sends many small ones */
/* Heap per byte of the authorities' PEM file. */
#define AUTHORITY_FACTOR 6

struct TlsEngine {
	SSL_CTX *context;
	BIO_METHOD *method;
	SSL *ssl;
	TlsRing input;
	TlsRing output;
	int minimum13;
	int established;
	int ended; /* close_notify is queued */
	int outcome; /* 0, TLS_END or TLS_FAILED: stays until the next start */
	size_t authoritiesSize;
	char name[TLS_NAME_SIZE];
	char reason[TLS_REASON_SIZE];
	uint8_t inputBytes[RING_SIZE];
	uint8_t outputBytes[RING_SIZE];
};

/* AES first where processors have instructions for it. */
#if defined(__x86_64__) || defined(__aarch64__)
	#define CIPHERS_13 "TLS_AES_128_GCM_SHA256:TLS_AES_256_GCM_SHA384:TLS_CHACHA20_POLY1305_SHA256"
	#define CIPHERS_12 "ECDHE+AESGCM:ECDHE+CHACHA20"
#else
	#define CIPHERS_13 "TLS_CHACHA20_POLY1305_SHA256:TLS_AES_128_GCM_SHA256:TLS_AES_256_GCM_SHA384"
	#define CIPHERS_12 "ECDHE+CHACHA20:ECDHE+AESGCM"
#endif
#define CIPHERS_LEGACY \
	":DHE-RSA-AES128-GCM-SHA256:DHE-RSA-AES256-GCM-SHA384:DHE-RSA-AES128-SHA256:DHE-RSA-AES256-SHA256" \
	":DHE-RSA-AES128-SHA:DHE-RSA-AES256-SHA"

/* The BIO: what OpenSSL reads comes from the input ring, what it writes goes to the output ring. */

static int bioRead(BIO *bio, char *data, size_t size, size_t *done)
{
	TlsEngine *engine = BIO_get_data(bio);
	BIO_clear_retry_flags(bio);
	*done = tlsRingRead(&engine->input, (uint8_t *)data, size);
	if (*done > 0) return 1;
	BIO_set_retry_read(bio);
	return 0;
}

static int bioWrite(BIO *bio, const char *data, size_t length, size_t *done)
{
	TlsEngine *engine = BIO_get_data(bio);
	BIO_clear_retry_flags(bio);
	*done = tlsRingWrite(&engine->output, (const uint8_t *)data, length);
	if (*done > 0) return 1;
	BIO_set_retry_write(bio);
	return 0;
}

static long bioControl(BIO *bio, int command, long number, void *pointer)
{
	(void)bio;
	(void)number;
	(void)pointer;
	return command == BIO_CTRL_FLUSH;
}

static void fail(TlsEngine *engine)
{
	if (engine->outcome == TLS_FAILED) return;
	engine->outcome = TLS_FAILED;
	if (!engine->reason[0]) tlsReasonOfError(engine->minimum13, engine->reason);
	ERR_clear_error();
}

static int onCertificate(int ok, X509_STORE_CTX *store)
{
	SSL *ssl = X509_STORE_CTX_get_ex_data(store, SSL_get_ex_data_X509_STORE_CTX_idx());
	TlsEngine *engine = SSL_get_app_data(ssl);
	if (!ok && !engine->reason[0]) tlsReasonOfCertificate(store, engine->name, engine->reason);
	return ok;
}

static SSL_CTX *makeContext(const TlsOptions *options)
{
	SSL_CTX *context = SSL_CTX_new(TLS_client_method());
	if (!context) return NULL;
	X509_VERIFY_PARAM *check = SSL_CTX_get0_param(context);
	/* Any certificate of the file is an end of the chain, also an intermediate one whose root is not there. */
	X509_VERIFY_PARAM_set_flags(check, X509_V_FLAG_PARTIAL_CHAIN);
	SSL_CTX_set_verify(context, SSL_VERIFY_PEER, onCertificate);
	SSL_CTX_set_security_level(context, SECURITY_LEVEL);
	SSL_CTX_set_mode(context, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
	SSL_CTX_set_options(context, SSL_OP_NO_COMPRESSION | SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_TICKET);
	SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
	SSL_CTX_set_max_cert_list(context, LONGEST_CHAIN);
	SSL_CTX_set_verify_depth(context, DEEPEST_CHAIN);
	if (SSL_CTX_set_min_proto_version(context, options->minimum13 ? TLS1_3_VERSION : TLS1_2_VERSION) == 1 &&
		SSL_CTX_set_ciphersuites(context, CIPHERS_13) == 1 &&
		SSL_CTX_set_cipher_list(context, options->legacyCiphers ? CIPHERS_12 CIPHERS_LEGACY : CIPHERS_12) == 1 &&
		SSL_CTX_set_max_proto_version(context, 0) == 1)
		return context;
	SSL_CTX_free(context);
	return NULL;
}

static BIO_METHOD *makeMethod(void)
{
	BIO_METHOD *method = BIO_meth_new(BIO_TYPE_SOURCE_SINK | BIO_get_new_index(), "fletcher");
	if (!method) return NULL;
	BIO_meth_set_read_ex(method, bioRead);
	BIO_meth_set_write_ex(method, bioWrite);
	BIO_meth_set_ctrl(method, bioControl);
	return method;
}

TlsEngine *tlsNew(const TlsOptions *options, char *why)
{
	TlsText text = tlsText(why);
	struct stat file;
	TlsEngine *engine = calloc(1, sizeof *engine);
	if (engine) {
		engine->context = makeContext(options);
		engine->method = makeMethod();
	}
	if (!engine || !engine->context || !engine->method) {
		tlsSay(&text, "OpenSSL could not be set up: %s", ERR_reason_error_string(ERR_peek_error()));
	} else if (stat(options->authorities, &file) != 0) {
		tlsSayUnreadable(why, options->authorities, strerror(errno));
	} else if (SSL_CTX_load_verify_file(engine->context, options->authorities) != 1) {
		tlsSayNoCertificate(why, options->authorities);
	} else {
		engine->minimum13 = options->minimum13;
		engine->authoritiesSize = (size_t)file.st_size;
		engine->input.bytes = engine->inputBytes;
		engine->output.bytes = engine->outputBytes;
		engine->input.size = engine->output.size = RING_SIZE;
		return engine;
	}
	ERR_clear_error();
	if (engine) tlsFree(engine);
	return NULL;
}

void tlsFree(TlsEngine *engine)
{
	SSL_free(engine->ssl);
	SSL_CTX_free(engine->context);
	BIO_meth_free(engine->method);
	OPENSSL_cleanse(engine->inputBytes, sizeof engine->inputBytes);
	free(engine);
}

/* Sets the name that the certificate must hold, and SNI, which is for names only (RFC 6066 section 3). */
static int setName(TlsEngine *engine)
{
	uint8_t address[16];
	X509_VERIFY_PARAM *check = SSL_get0_param(engine->ssl);
	if (inet_pton(AF_INET, engine->name, address) == 1 || inet_pton(AF_INET6, engine->name, address) == 1)
		return X509_VERIFY_PARAM_set1_ip_asc(check, engine->name) == 1;
	X509_VERIFY_PARAM_set_hostflags(check, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
	return X509_VERIFY_PARAM_set1_host(check, engine->name, 0) == 1 && SSL_set_tlsext_host_name(engine->ssl, engine->name) == 1;
}

void tlsStart(TlsEngine *engine, const char *name)
{
	size_t length = strlen(name);
	BIO *bio;
	SSL_free(engine->ssl);
	engine->ssl = NULL;
	engine->established = engine->ended = engine->outcome = 0;
	engine->reason[0] = 0;
	tlsRingClear(&engine->input);
	tlsRingClear(&engine->output);
	ERR_clear_error();
	/* The dot that ends a fully qualified name is no part of it in a certificate. */
	if (length > 1 && name[length - 1] == '.') length--;
	if (length == 0 || length >= TLS_NAME_SIZE) {
		strcpy(engine->reason, "the server's name is empty or too long");
		fail(engine);
		return;
	}
	tlsPrintable(engine->name, sizeof engine->name, (const uint8_t *)name, length);
	engine->ssl = SSL_new(engine->context);
	bio = engine->ssl ? BIO_new(engine->method) : NULL;
	if (!bio) {
		strcpy(engine->reason, "no memory for a TLS session");
		fail(engine);
		return;
	}
	BIO_set_data(bio, engine);
	BIO_set_init(bio, 1);
	SSL_set_bio(engine->ssl, bio, bio);
	SSL_set_app_data(engine->ssl, engine);
	SSL_set_connect_state(engine->ssl);
	if (!setName(engine)) {
		TlsText text = tlsText(engine->reason);
		tlsSay(&text, "%s cannot be the name of a server", engine->name);
		fail(engine);
	}
}

size_t tlsReceive(TlsEngine *engine, const uint8_t *data, size_t length)
{
	return tlsRingWrite(&engine->input, data, length);
}

size_t tlsSend(TlsEngine *engine, uint8_t *data, size_t size)
{
	return tlsRingRead(&engine->output, data, size);
}

/* True when OpenSSL only waits for more input or for room; else the session is over, and `outcome` says how. */
static int waits(TlsEngine *engine, int result)
{
	switch (SSL_get_error(engine->ssl, result)) {
	case SSL_ERROR_WANT_READ:
	case SSL_ERROR_WANT_WRITE:
		return 1;
	case SSL_ERROR_ZERO_RETURN:
		engine->outcome = TLS_END;
		return 0;
	default:
		fail(engine);
		return 0;
	}
}

TlsHandshake tlsHandshake(TlsEngine *engine)
{
	if (engine->outcome == TLS_FAILED) return TLS_REFUSED;
	if (engine->established) return TLS_DONE;
	if (!engine->ssl) return TLS_GOING_ON;
	ERR_clear_error();
	int result = SSL_do_handshake(engine->ssl);
	if (result == 1) {
		engine->established = 1;
		return TLS_DONE;
	}
	if (waits(engine, result)) return TLS_GOING_ON;
	if (engine->outcome == TLS_END) {
		strcpy(engine->reason, "server ended the session during the handshake");
		engine->outcome = TLS_FAILED;
	}
	return TLS_REFUSED;
}

int tlsRead(TlsEngine *engine, uint8_t *data, size_t size)
{
	size_t done = 0;
	/* Several small records are given at once. What ends the session is told when the data before it was taken. */
	while (done < size && engine->established && engine->outcome == 0) {
		size_t piece = 0;
		ERR_clear_error();
		int result = SSL_read_ex(engine->ssl, data + done, size - done, &piece);
		done += piece;
		if (result != 1 && waits(engine, result)) break;
	}
	return done > 0 ? (int)done : engine->outcome;
}

int tlsWrite(TlsEngine *engine, const uint8_t *data, size_t length)
{
	size_t done = 0;
	if (engine->outcome == TLS_FAILED || engine->ended) return TLS_FAILED;
	while (done < length && engine->established) {
		size_t space = tlsRingFree(&engine->output);
		size_t piece = length - done;
		size_t taken = 0;
		if (piece > LONGEST_PLAINTEXT) piece = LONGEST_PLAINTEXT;
		if (space < OUTPUT_RESERVE + (piece < SMALLEST_PIECE ? piece : SMALLEST_PIECE)) break;
		if (piece > space - OUTPUT_RESERVE) piece = space - OUTPUT_RESERVE;
		ERR_clear_error();
		int result = SSL_write_ex(engine->ssl, data + done, piece, &taken);
		done += taken;
		if (result != 1 && !waits(engine, result)) return done > 0 ? (int)done : TLS_FAILED;
		if (taken == 0) break;
	}
	return (int)done;
}

void tlsEnd(TlsEngine *engine)
{
	if (!engine->established || engine->ended || engine->outcome == TLS_FAILED) return;
	ERR_clear_error();
	engine->ended = 1;
	/* The reserve has room for it. */
	SSL_shutdown(engine->ssl);
	ERR_clear_error();
}

const char *tlsReason(const TlsEngine *engine)
{
	return engine->outcome == TLS_FAILED ? engine->reason : "";
}

const char *tlsVersion(const TlsEngine *engine)
{
	return engine->established ? SSL_get_version(engine->ssl) : "";
}

const char *tlsCipher(const TlsEngine *engine)
{
	return engine->established ? SSL_get_cipher_name(engine->ssl) : "";
}

size_t tlsMemory(const TlsEngine *engine)
{
	return sizeof *engine + CONTEXT_BYTES + SESSION_BYTES + CHAIN_FACTOR * LONGEST_CHAIN +
		AUTHORITY_FACTOR * engine->authoritiesSize;
}
