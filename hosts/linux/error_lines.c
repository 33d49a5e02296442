/*
 * File and line in a script's error reports, at no cost while nothing is thrown: when the engine captures a stack, the line
 * marks that the compiler left in the byte code are looked up for each frame. (The engine keeps the current line itself only
 * in builds with its debugger.) Linked with --wrap=fxCaptureErrorStack.
 */
#include "xsAll.h"
#include "code.h"

void __real_fxCaptureErrorStack(txMachine *the, txSlot *internal, txSlot *frame);
void __wrap_fxCaptureErrorStack(txMachine *the, txSlot *internal, txSlot *frame);

/* The last file and line marks of `code` before `limit`. */
static void findLine(txByte *code, txByte *limit, txSlot *environment)
{
	txID file = XS_NO_ID;
	txInteger line = 0;
	for (txByte *p = code; p < limit; p = codeNext(p)) {
		txByte *q = p + 1;
		if (*(txU1 *)p == XS_CODE_FILE) {
			mxDecodeID(q, file);
		}
		else if (*(txU1 *)p == XS_CODE_LINE) {
			txS2 value;
			mxDecode2(q, value);
			line = (txU2)value;
		}
	}
	if (line) {
		environment->ID = file;
		environment->value.environment.line = line;
	}
}

void __wrap_fxCaptureErrorStack(txMachine *the, txSlot *internal, txSlot *first)
{
	txSlot *frame = the->frame;
	txByte *code = the->code;
	int wanted = 0;
	for (; frame && frame->next; code = frame->value.frame.code, frame = frame->next) {
		if (frame == first)
			wanted = 1;
		txSlot *function = frame + 3;
		if (!wanted || (frame->flag & XS_C_FLAG) || !code || function->kind != XS_REFERENCE_KIND || !mxIsFunction(function->value.reference))
			continue;
		txSlot *it = mxFunctionInstanceCode(function->value.reference);
		if ((it->kind == XS_CODE_KIND || it->kind == XS_CODE_X_KIND) && code >= it->value.code.address)
			findLine(it->value.code.address, code, mxFrameToEnvironment(frame));
	}
	__real_fxCaptureErrorStack(the, internal, first);
}
