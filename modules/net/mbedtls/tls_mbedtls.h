/* Words for what went wrong in a session of Mbed TLS. Each writes TLS_REASON_SIZE bytes at most. */
#ifndef FLETCHER_TLS_MBEDTLS_H
#define FLETCHER_TLS_MBEDTLS_H

#include <mbedtls/ssl.h>
#include <mbedtls/version.h>
#include <mbedtls/x509_crt.h>

/* From 3.0 on the fields that no function gives are behind this macro. */
#ifndef MBEDTLS_PRIVATE
	#define MBEDTLS_PRIVATE(member) member
#endif

/* True when subjectAltName holds this address of 4 or 16 bytes; Mbed TLS before 3.5 checks names only. */
int tlsHoldsAddress(const mbedtls_x509_crt *certificate, const uint8_t *address, size_t length);
/* Of a certificate with `flags` set at `depth` of the chain; `server` is the name that was asked for. */
void tlsReasonOfCertificate(const mbedtls_x509_crt *certificate, int depth, uint32_t flags,
	const mbedtls_x509_crt *authorities, const char *server, char *reason);
/* Of an error code of the library; `begun` when an answer of TLS came before. */
void tlsReasonOfError(const mbedtls_ssl_context *ssl, int error, int begun, int minimum13, char *reason);

#endif
