/* The class of tls.js: takes arguments from the script, checks every bound, and calls the engine (tls_engine.h). */
#include "../crypto/arguments.h"
#include "mc.xs.h"
#include "tls_engine.h"

#include <string.h>

void fletcher_tls_destructor(void *data)
{
	if (data) tlsFree(data);
}

/* Copies a string; what does not fit is an error of the program or of its configuration. */
static void copyText(xsMachine *the, xsSlot *slot, char *text, size_t size, const char *what)
{
	const char *string = xsmcToString(*slot);
	if (strlen(string) >= size) xsRangeError("%s is longer than %d characters", what, (int)size - 1);
	strcpy(text, string);
}

void fletcher_tls(xsMachine *the)
{
	TlsOptions options;
	char why[TLS_REASON_SIZE];
	char minimum[8];
	xsmcVars(1);
	memset(&options, 0, sizeof options);
	if (!hasArgument(the, 0)) xsTypeError("options are missing");
	xsmcGet(xsVar(0), xsArg(0), xsID_authorities);
	copyText(the, &xsVar(0), options.authorities, sizeof options.authorities, "authorities");
	xsmcGet(xsVar(0), xsArg(0), xsID_minimum);
	if (xsmcTypeOf(xsVar(0)) != xsUndefinedType) {
		copyText(the, &xsVar(0), minimum, sizeof minimum, "minimum");
		options.minimum13 = strcmp(minimum, "1.3") == 0;
		if (!options.minimum13 && strcmp(minimum, "1.2") != 0) xsRangeError("minimum must be \"1.2\" or \"1.3\"");
	}
	xsmcGet(xsVar(0), xsArg(0), xsID_legacyCiphers);
	options.legacyCiphers = xsmcTest(xsVar(0));
	TlsEngine *engine = tlsNew(&options, why);
	if (!engine) xsUnknownError("%s", why);
	xsmcSetHostData(xsThis, engine);
}

void fletcher_tls_start(xsMachine *the)
{
	TlsEngine *engine = openRecord(the, fletcher_tls_destructor);
	if (!hasArgument(the, 0)) xsTypeError("the server's name is missing");
	/* The engine copies it; a name comes from a peer sometimes, so it is the session that fails. */
	tlsStart(engine, xsmcToString(xsArg(0)));
}

void fletcher_tls_receive(xsMachine *the)
{
	TlsEngine *engine = openRecord(the, fletcher_tls_destructor);
	size_t offset = sizeArgument(the, 1);
	size_t length = sizeArgument(the, 2);
	xsmcSetInteger(xsResult, (xsIntegerValue)tlsReceive(engine, readArgument(the, 0, offset, length), length));
}

void fletcher_tls_send(xsMachine *the)
{
	TlsEngine *engine = openRecord(the, fletcher_tls_destructor);
	size_t offset = sizeArgument(the, 1);
	size_t size = sizeArgument(the, 2);
	xsmcSetInteger(xsResult, (xsIntegerValue)tlsSend(engine, writeArgument(the, 0, offset, size), size));
}

void fletcher_tls_handshake(xsMachine *the)
{
	xsmcSetInteger(xsResult, tlsHandshake(openRecord(the, fletcher_tls_destructor)));
}

void fletcher_tls_read(xsMachine *the)
{
	TlsEngine *engine = openRecord(the, fletcher_tls_destructor);
	size_t offset = sizeArgument(the, 1);
	size_t size = sizeArgument(the, 2);
	xsmcSetInteger(xsResult, tlsRead(engine, writeArgument(the, 0, offset, size), size));
}

void fletcher_tls_write(xsMachine *the)
{
	TlsEngine *engine = openRecord(the, fletcher_tls_destructor);
	size_t offset = sizeArgument(the, 1);
	size_t length = sizeArgument(the, 2);
	xsmcSetInteger(xsResult, tlsWrite(engine, readArgument(the, 0, offset, length), length));
}

void fletcher_tls_end(xsMachine *the)
{
	tlsEnd(openRecord(the, fletcher_tls_destructor));
}

void fletcher_tls_get_reason(xsMachine *the)
{
	xsmcSetString(xsResult, (char *)tlsReason(openRecord(the, fletcher_tls_destructor)));
}

void fletcher_tls_get_version(xsMachine *the)
{
	xsmcSetString(xsResult, (char *)tlsVersion(openRecord(the, fletcher_tls_destructor)));
}

void fletcher_tls_get_cipher(xsMachine *the)
{
	xsmcSetString(xsResult, (char *)tlsCipher(openRecord(the, fletcher_tls_destructor)));
}

void fletcher_tls_get_memory(xsMachine *the)
{
	xsmcSetInteger(xsResult, (xsIntegerValue)tlsMemory(openRecord(the, fletcher_tls_destructor)));
}

void fletcher_tls_close(xsMachine *the)
{
	fletcher_tls_destructor(takeRecord(the, fletcher_tls_destructor));
}
