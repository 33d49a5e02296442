#include "tls_mbedtls.h"
#include "../tls_text.h"

#include <mbedtls/asn1.h>
#include <mbedtls/error.h>

#include <arpa/inet.h>

/* Kinds of names, RFC 5280 section 4.2.1.6. */
#define NAME_DNS 2
#define NAME_ADDRESS 7

/* Attribute types of distinguished names (2.5.4.x), in the order in which a person would look at them. */
static const uint8_t NAME_PARTS[] = {3 /* common name */, 11 /* organisational unit */, 10 /* organisation */};

static void showName(const mbedtls_x509_name *name, char *shown)
{
	for (size_t i = 0; i < sizeof NAME_PARTS; i++) {
		const uint8_t wanted[] = {0x55, 0x04, NAME_PARTS[i]};
		for (const mbedtls_x509_name *part = name; part; part = part->next) {
			if (part->oid.len != sizeof wanted || memcmp(part->oid.p, wanted, sizeof wanted) != 0) continue;
			tlsQuote(shown, part->val.p, part->val.len);
			return;
		}
	}
	strcpy(shown, "without a name");
}

static int sameName(const mbedtls_x509_buf *a, const mbedtls_x509_buf *b)
{
	return a->len == b->len && memcmp(a->p, b->p, a->len) == 0;
}

static int isAuthority(const mbedtls_x509_crt *certificate)
{
#if MBEDTLS_VERSION_NUMBER >= 0x03060000
	return mbedtls_x509_crt_get_ca_istrue(certificate) == 1;
#else
	return certificate->MBEDTLS_PRIVATE(ca_istrue);
#endif
}

/*
 * Walks the entries of subjectAltName in the raw extensions: 2.28 lists only some kinds in subject_alt_names.
 * Returns the kind of the next entry and moves `at` behind it, -1 at the end.
 */
typedef struct {
	unsigned char *at;
	unsigned char *end;
} Names;

static Names namesOf(const mbedtls_x509_crt *certificate)
{
	static const uint8_t wanted[] = {0x55, 0x1D, 0x11}; /* 2.5.29.17 */
	Names names = {NULL, NULL};
	unsigned char *at = certificate->v3_ext.p;
	unsigned char *end = at + certificate->v3_ext.len;
	size_t length = 0;
	if (!at || mbedtls_asn1_get_tag(&at, end, &length, MBEDTLS_ASN1_CONSTRUCTED | MBEDTLS_ASN1_SEQUENCE) != 0) return names;
	while (at < end) {
		if (mbedtls_asn1_get_tag(&at, end, &length, MBEDTLS_ASN1_CONSTRUCTED | MBEDTLS_ASN1_SEQUENCE) != 0) return names;
		unsigned char *next = at + length;
		if (mbedtls_asn1_get_tag(&at, next, &length, MBEDTLS_ASN1_OID) != 0) return names;
		int found = length == sizeof wanted && memcmp(at, wanted, sizeof wanted) == 0;
		at += length;
		int critical;
		(void)mbedtls_asn1_get_bool(&at, next, &critical);
		if (found && mbedtls_asn1_get_tag(&at, next, &length, MBEDTLS_ASN1_OCTET_STRING) == 0 &&
			mbedtls_asn1_get_tag(&at, next, &length, MBEDTLS_ASN1_CONSTRUCTED | MBEDTLS_ASN1_SEQUENCE) == 0) {
			names.at = at;
			names.end = at + length;
			return names;
		}
		at = next;
	}
	return names;
}

static int nextName(Names *names, const uint8_t **value, size_t *length)
{
	if (!names->at || names->at >= names->end) return -1;
	int kind = *names->at & MBEDTLS_ASN1_TAG_VALUE_MASK;
	names->at++;
	if (mbedtls_asn1_get_len(&names->at, names->end, length) != 0) return -1;
	*value = names->at;
	names->at += *length;
	return kind;
}

int tlsHoldsAddress(const mbedtls_x509_crt *certificate, const uint8_t *address, size_t length)
{
	Names names = namesOf(certificate);
	const uint8_t *value;
	size_t size;
	for (int kind = nextName(&names, &value, &size); kind >= 0; kind = nextName(&names, &value, &size))
		if (kind == NAME_ADDRESS && size == length && memcmp(value, address, length) == 0) return 1;
	return 0;
}

static void sayOtherName(const mbedtls_x509_crt *certificate, const char *server, char *reason)
{
	Names names = namesOf(certificate);
	const uint8_t *value;
	size_t size;
	char shown[TLS_SHOWN_NAME];
	int listed = 0;
	TlsText text = tlsText(reason);
	tlsSay(&text, "certificate is for ");
	for (int kind = nextName(&names, &value, &size); kind >= 0; kind = nextName(&names, &value, &size)) {
		if (kind == NAME_DNS) tlsPrintable(shown, sizeof shown, value, size);
		else if (kind != NAME_ADDRESS || (size != 4 && size != 16)) continue;
		else if (!inet_ntop(size == 4 ? AF_INET : AF_INET6, value, shown, sizeof shown)) continue;
		if (listed++ == TLS_SHOWN_NAMES) {
			tlsSay(&text, ", ...");
			break;
		}
		tlsSay(&text, listed > 1 ? ", %s" : "%s", shown);
	}
	if (listed == 0) {
		showName(&certificate->subject, shown);
		tlsSay(&text, "%s", shown);
	}
	tlsSay(&text, ", not for %s", server);
}

/* No trusted issuer was found: tell which of the possible causes it is. */
static void sayUntrusted(const mbedtls_x509_crt *certificate, int depth, const mbedtls_x509_crt *authorities,
	const char *subject, const char *issuer, char *reason)
{
	int ownIssuer = sameName(&certificate->subject_raw, &certificate->issuer_raw);
	for (const mbedtls_x509_crt *known = authorities; known; known = known->next) {
		if (!sameName(&known->subject_raw, &certificate->issuer_raw)) continue;
		tlsSayOtherKey(reason, subject, issuer);
		return;
	}
	/* What the server sent behind this certificate. */
	for (const mbedtls_x509_crt *sent = certificate->next; sent && !ownIssuer; sent = sent->next) {
		if (!sameName(&sent->subject_raw, &certificate->issuer_raw) || isAuthority(sent)) continue;
		tlsSayNoAuthority(reason, subject, issuer);
		return;
	}
	if (ownIssuer && depth == 0) tlsSaySelfSigned(reason, subject);
	else if (ownIssuer) tlsSayUnknownRoot(reason, subject);
	else tlsSayUnknownIssuer(reason, subject, issuer);
}

static void showDate(const mbedtls_x509_time *date, char *shown, size_t size)
{
	snprintf(shown, size, "%04d-%02d-%02d", date->year, date->mon, date->day);
}

void tlsReasonOfCertificate(const mbedtls_x509_crt *certificate, int depth, uint32_t flags,
	const mbedtls_x509_crt *authorities, const char *server, char *reason)
{
	char subject[TLS_SHOWN_NAME], issuer[TLS_SHOWN_NAME], date[40];
	showName(&certificate->subject, subject);
	showName(&certificate->issuer, issuer);
	if (flags & MBEDTLS_X509_BADCERT_NOT_TRUSTED) {
		sayUntrusted(certificate, depth, authorities, subject, issuer, reason);
	} else if (flags & MBEDTLS_X509_BADCERT_CN_MISMATCH) {
		sayOtherName(certificate, server, reason);
	} else if (flags & MBEDTLS_X509_BADCERT_EXPIRED) {
		showDate(&certificate->valid_to, date, sizeof date);
		tlsSayExpired(reason, date, subject);
	} else if (flags & MBEDTLS_X509_BADCERT_FUTURE) {
		showDate(&certificate->valid_from, date, sizeof date);
		tlsSayNotYet(reason, date, subject);
	} else {
		TlsText text = tlsText(reason);
		char words[TLS_REASON_SIZE / 2] = "";
#if !defined(MBEDTLS_X509_REMOVE_INFO)
		mbedtls_x509_crt_verify_info(words, sizeof words, "", flags);
		words[strcspn(words, "\n")] = 0;
#endif
		tlsSay(&text, "certificate %s was not accepted: %s", subject, words[0] ? words : "it does not fit the rules for servers");
	}
}

static void sayAlert(int alert, int minimum13, char *reason)
{
	TlsText text;
	switch (alert) {
	case MBEDTLS_SSL_ALERT_MSG_PROTOCOL_VERSION:
		tlsSayVersion(reason, minimum13);
		break;
	case MBEDTLS_SSL_ALERT_MSG_HANDSHAKE_FAILURE:
	case MBEDTLS_SSL_ALERT_MSG_INSUFFICIENT_SECURITY:
		tlsSayNoCipher(reason);
		break;
	default:
		text = tlsText(reason);
		tlsSay(&text, "server ended the session with the alert %d of TLS", alert);
	}
}

void tlsReasonOfError(const mbedtls_ssl_context *ssl, int error, int begun, int minimum13, char *reason)
{
	TlsText text;
	char words[TLS_REASON_SIZE / 2] = "";
	switch (error) {
	case MBEDTLS_ERR_SSL_FATAL_ALERT_MESSAGE:
		/* RFC 5246 section 7.2: level, description. */
		sayAlert(ssl->MBEDTLS_PRIVATE(in_msg)[1], minimum13, reason);
		return;
#if MBEDTLS_VERSION_NUMBER < 0x03000000
	case MBEDTLS_ERR_SSL_BAD_HS_PROTOCOL_VERSION:
#else
	case MBEDTLS_ERR_SSL_BAD_PROTOCOL_VERSION:
#endif
		tlsSayVersion(reason, minimum13);
		return;
	case MBEDTLS_ERR_SSL_INVALID_RECORD:
		if (!begun) {
			tlsSayNotTLS(reason);
			return;
		}
		break;
	}
#if defined(MBEDTLS_ERROR_C)
	mbedtls_strerror(error, words, sizeof words);
#endif
	text = tlsText(reason);
	tlsSay(&text, "server broke the TLS protocol: %s (-0x%04X)", words[0] ? words : "error", (unsigned)-error);
}
