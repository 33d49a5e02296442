/* Text made from what a peer sends: bounded, and without anything that could break a line of the log. */
#ifndef FLETCHER_TLS_TEXT_H
#define FLETCHER_TLS_TEXT_H

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "tls_engine.h"

#define TLS_SHOWN_NAME 64 /* characters of one name from a certificate, with the NUL */
#define TLS_SHOWN_NAMES 4 /* names of a certificate that a reason lists */

/* A reason under construction; what does not fit is left out. */
typedef struct {
	char *text;
	size_t used;
} TlsText;

static inline TlsText tlsText(char *reason)
{
	TlsText text = {reason, 0};
	reason[0] = 0;
	return text;
}

__attribute__((format(printf, 2, 3))) static inline void tlsSay(TlsText *text, const char *format, ...)
{
	va_list arguments;
	va_start(arguments, format);
	int length = vsnprintf(text->text + text->used, TLS_REASON_SIZE - text->used, format, arguments);
	va_end(arguments);
	if (length > 0) text->used += (size_t)length;
	if (text->used > TLS_REASON_SIZE - 1) text->used = TLS_REASON_SIZE - 1;
}

/* Copies printable ASCII; anything else becomes a question mark. */
static inline void tlsPrintable(char *to, size_t size, const uint8_t *from, size_t length)
{
	size_t at = 0;
	for (; at < length && at < size - 1; at++) to[at] = from[at] >= 0x20 && from[at] < 0x7F ? (char)from[at] : '?';
	to[at] = 0;
}

#define TLS_SHOWN_PATH 48

/* Of a path that is too long for a line, the end: exceptions of the engine have 127 characters. */
static inline const char *tlsShownPath(const char *path)
{
	size_t length = strlen(path);
	return length > TLS_SHOWN_PATH ? path + length - TLS_SHOWN_PATH : path;
}

/* Why an engine cannot be made, for a person: the file is at fault. */
static inline void tlsSayUnreadable(char *why, const char *path, const char *cause)
{
	TlsText text = tlsText(why);
	tlsSay(&text, "%s: cannot read the certificate authorities: %s", tlsShownPath(path), cause);
}

static inline void tlsSayNoCertificate(char *why, const char *path)
{
	TlsText text = tlsText(why);
	tlsSay(&text, "%s: holds no certificate that can be read (PEM is expected)", tlsShownPath(path));
}

/* What a person calls a certificate, in quotes. `shown` has TLS_SHOWN_NAME bytes. */
static inline void tlsQuote(char *shown, const uint8_t *name, size_t length)
{
	shown[0] = '"';
	tlsPrintable(shown + 1, TLS_SHOWN_NAME - 2, name, length);
	strcat(shown, "\"");
}

/* The wording of what both libraries can find wrong. `subject`, `issuer` and `root` are names as tlsQuote shows them. */
static inline void tlsSayExpired(char *reason, const char *date, const char *subject)
{
	TlsText text = tlsText(reason);
	tlsSay(&text, "certificate has expired (%s): %s", date, subject);
}

static inline void tlsSayNotYet(char *reason, const char *date, const char *subject)
{
	TlsText text = tlsText(reason);
	tlsSay(&text, "certificate is not valid before %s, or the clock here is wrong: %s", date, subject);
}

static inline void tlsSaySelfSigned(char *reason, const char *subject)
{
	TlsText text = tlsText(reason);
	tlsSay(&text, "certificate is self-signed and not among the configured authorities: %s", subject);
}

static inline void tlsSayUnknownIssuer(char *reason, const char *subject, const char *issuer)
{
	TlsText text = tlsText(reason);
	tlsSay(&text, "certificate %s is signed by %s, which is not among the configured authorities", subject, issuer);
}

static inline void tlsSayUnknownRoot(char *reason, const char *root)
{
	TlsText text = tlsText(reason);
	tlsSay(&text, "certificate chain ends in %s, which is not among the configured authorities", root);
}

static inline void tlsSayOtherKey(char *reason, const char *subject, const char *issuer)
{
	TlsText text = tlsText(reason);
	tlsSay(&text, "certificate %s is signed by another %s than the configured authority of that name", subject, issuer);
}

static inline void tlsSayNoAuthority(char *reason, const char *subject, const char *issuer)
{
	TlsText text = tlsText(reason);
	tlsSay(&text, "certificate %s is signed by %s, which is not a certificate authority", subject, issuer);
}

static inline void tlsSayVersion(char *reason, int minimum13)
{
	TlsText text = tlsText(reason);
	tlsSay(&text, "server speaks no allowed version of TLS (at least %s is needed)", minimum13 ? "1.3" : "1.2");
}

static inline void tlsSayNotTLS(char *reason)
{
	TlsText text = tlsText(reason);
	tlsSay(&text, "the answer is not TLS: is it the right port?");
}

static inline void tlsSayNoCipher(char *reason)
{
	TlsText text = tlsText(reason);
	tlsSay(&text, "server refused the handshake: it knows no version of TLS (from 1.2 on) or no cipher that is allowed here");
}

#endif
