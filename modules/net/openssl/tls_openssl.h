/* Words for what went wrong in an OpenSSL session. Each writes TLS_REASON_SIZE bytes at most. */
#ifndef FLETCHER_TLS_OPENSSL_H
#define FLETCHER_TLS_OPENSSL_H

#include <openssl/ssl.h>

/* Of the certificate that the chain's check stumbled over; `server` is the name that was asked for. */
void tlsReasonOfCertificate(X509_STORE_CTX *store, const char *server, char *reason);
/* Of the first error in OpenSSL's queue; empties the queue. */
void tlsReasonOfError(int minimum13, char *reason);

#endif
