/* Byte code as a list of instructions, for those who look at it without running it. Include behind xsAll.h. */
#ifndef FLETCHER_CODE_H
#define FLETCHER_CODE_H

/* The instruction behind the one at `p`, by the engine's own table of sizes. */
static inline txByte *codeNext(txByte *p)
{
	txS1 size = gxCodeSizes[*(txU1 *)p];
	txByte *q = p + 1;
	if (size > 0)
		return p + size;
	if (size == 0)
		return q + sizeof(txID);
	if (size == -1)
		return q + 1 + *(txU1 *)q;
	if (size == -2) {
		txU2 length;
		mxDecode2(q, length);
		return q + length;
	}
	txS4 length;
	mxDecode4(q, length);
	return q + length;
}

#endif
