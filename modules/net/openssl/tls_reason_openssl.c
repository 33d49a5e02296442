#include "tls_openssl.h"
#include "../tls_text.h"

#include <openssl/err.h>
#include <openssl/x509v3.h>

#include <arpa/inet.h>
#include <time.h>

#define ALERT_OFFSET SSL_AD_REASON_OFFSET /* a peer's alert n is the error reason 1000 + n */

/* What a person calls a certificate: its common name, else its organisation, else the whole name. */
static void showName(X509_NAME *name, char *shown)
{
	static const int parts[] = {NID_commonName, NID_organizationalUnitName, NID_organizationName};
	for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++) {
		int at = X509_NAME_get_index_by_NID(name, parts[i], -1);
		if (at < 0) continue;
		ASN1_STRING *value = X509_NAME_ENTRY_get_data(X509_NAME_get_entry(name, at));
		tlsQuote(shown, ASN1_STRING_get0_data(value), (size_t)ASN1_STRING_length(value));
		return;
	}
	strcpy(shown, "without a name");
}

static void showDate(const ASN1_TIME *date, char *shown, size_t size)
{
	struct tm parts;
	if (ASN1_TIME_to_tm(date, &parts) != 1 || strftime(shown, size, "%Y-%m-%d", &parts) == 0) strcpy(shown, "no date");
}

/* One name of subjectAltName as text; 0 for kinds that name no server. */
static int showAlternative(const GENERAL_NAME *name, char *shown)
{
	int kind;
	const ASN1_STRING *value = GENERAL_NAME_get0_value(name, &kind);
	size_t length = kind == GEN_DNS || kind == GEN_IPADD ? (size_t)ASN1_STRING_length(value) : 0;
	if (kind == GEN_DNS) {
		tlsPrintable(shown, TLS_SHOWN_NAME, ASN1_STRING_get0_data(value), length);
		return 1;
	}
	if (length != 4 && length != 16) return 0;
	return inet_ntop(length == 4 ? AF_INET : AF_INET6, ASN1_STRING_get0_data(value), shown, TLS_SHOWN_NAME) != NULL;
}

static void sayOtherName(X509 *certificate, const char *server, char *reason)
{
	TlsText text = tlsText(reason);
	char shown[TLS_SHOWN_NAME];
	int listed = 0;
	GENERAL_NAMES *names = X509_get_ext_d2i(certificate, NID_subject_alt_name, NULL, NULL);
	tlsSay(&text, "certificate is for ");
	for (int i = 0; i < sk_GENERAL_NAME_num(names); i++) {
		if (!showAlternative(sk_GENERAL_NAME_value(names, i), shown)) continue;
		if (listed++ == TLS_SHOWN_NAMES) {
			tlsSay(&text, ", ...");
			break;
		}
		tlsSay(&text, listed > 1 ? ", %s" : "%s", shown);
	}
	GENERAL_NAMES_free(names);
	if (listed == 0) {
		showName(X509_get_subject_name(certificate), shown);
		tlsSay(&text, "%s", shown);
	}
	tlsSay(&text, ", not for %s", server);
}

/* The issuer was not found, or found and not usable: tell which of the possible causes it is. */
static void sayNoIssuer(X509_STORE_CTX *store, X509 *certificate, const char *subject, const char *issuer, char *reason)
{
	X509_NAME *wanted = X509_get_issuer_name(certificate);
	int root = X509_NAME_cmp(X509_get_subject_name(certificate), wanted) == 0;
	STACK_OF(X509) *sent = X509_STORE_CTX_get0_untrusted(store);
	for (int i = 0; i < sk_X509_num(sent); i++) {
		X509 *candidate = sk_X509_value(sent, i);
		if (X509_NAME_cmp(X509_get_subject_name(candidate), wanted) == 0 && X509_check_ca(candidate) == 0) {
			tlsSayNoAuthority(reason, subject, issuer);
			return;
		}
	}
	STACK_OF(X509) *same = X509_STORE_CTX_get1_certs(store, wanted);
	if (sk_X509_num(same) > 0) tlsSayOtherKey(reason, subject, issuer);
	else if (root) tlsSayUnknownRoot(reason, subject);
	else tlsSayUnknownIssuer(reason, subject, issuer);
	sk_X509_pop_free(same, X509_free);
}

void tlsReasonOfCertificate(X509_STORE_CTX *store, const char *server, char *reason)
{
	int error = X509_STORE_CTX_get_error(store);
	int depth = X509_STORE_CTX_get_error_depth(store);
	X509 *certificate = X509_STORE_CTX_get_current_cert(store);
	STACK_OF(X509) *chain = X509_STORE_CTX_get0_chain(store);
	char subject[TLS_SHOWN_NAME], issuer[TLS_SHOWN_NAME], date[16];
	TlsText text;
	if (!certificate) {
		text = tlsText(reason);
		tlsSay(&text, "server's certificate was not accepted: %s", X509_verify_cert_error_string(error));
		return;
	}
	showName(X509_get_subject_name(certificate), subject);
	showName(X509_get_issuer_name(certificate), issuer);
	switch (error) {
	case X509_V_ERR_CERT_HAS_EXPIRED:
		showDate(X509_get0_notAfter(certificate), date, sizeof date);
		tlsSayExpired(reason, date, subject);
		break;
	case X509_V_ERR_CERT_NOT_YET_VALID:
		showDate(X509_get0_notBefore(certificate), date, sizeof date);
		tlsSayNotYet(reason, date, subject);
		break;
	case X509_V_ERR_HOSTNAME_MISMATCH:
	case X509_V_ERR_IP_ADDRESS_MISMATCH:
		sayOtherName(certificate, server, reason);
		break;
	case X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT:
		tlsSaySelfSigned(reason, subject);
		break;
	case X509_V_ERR_INVALID_CA:
	case X509_V_ERR_KEYUSAGE_NO_CERTSIGN:
		/* The current certificate is the signer: name what it signed. */
		if (depth > 0 && sk_X509_num(chain) >= depth) showName(X509_get_subject_name(sk_X509_value(chain, depth - 1)), issuer);
		tlsSayNoAuthority(reason, issuer, subject);
		break;
	case X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN:
	case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT:
	case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY:
	case X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE:
		sayNoIssuer(store, certificate, subject, issuer, reason);
		break;
	case X509_V_ERR_CERT_SIGNATURE_FAILURE:
		tlsSayOtherKey(reason, subject, issuer);
		break;
	default:
		text = tlsText(reason);
		tlsSay(&text, "certificate %s was not accepted: %s", subject, X509_verify_cert_error_string(error));
	}
}

void tlsReasonOfError(int minimum13, char *reason)
{
	unsigned long error = ERR_get_error();
	int cause = ERR_GET_REASON(error);
	const char *words = ERR_reason_error_string(error);
	TlsText text;
	ERR_clear_error();
	switch (cause) {
	case ALERT_OFFSET + SSL_AD_PROTOCOL_VERSION:
	case SSL_R_UNSUPPORTED_PROTOCOL:
	case SSL_R_WRONG_SSL_VERSION:
		tlsSayVersion(reason, minimum13);
		return;
	case SSL_R_WRONG_VERSION_NUMBER:
	case SSL_R_HTTP_REQUEST:
	case SSL_R_HTTPS_PROXY_REQUEST:
		tlsSayNotTLS(reason);
		return;
	case ALERT_OFFSET + SSL_AD_HANDSHAKE_FAILURE:
	case ALERT_OFFSET + SSL_AD_INSUFFICIENT_SECURITY:
		tlsSayNoCipher(reason);
		return;
	}
	text = tlsText(reason);
	if (cause > ALERT_OFFSET && cause < ALERT_OFFSET + 256)
		tlsSay(&text, "server ended the session with the alert: %s", SSL_alert_desc_string_long(cause - ALERT_OFFSET));
	else tlsSay(&text, "server broke the TLS protocol: %s", words ? words : "unknown error");
}
