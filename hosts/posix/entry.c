#include "xsmc.h"
#include "mc.xs.h"
#include "entry.h"

#include <stdio.h>
#include <unistd.h>

void reportException(xsMachine *the)
{
	xsmcVars(2);
	xsVar(0) = xsException;
	if (xsmcTypeOf(xsVar(0)) == xsReferenceType) {
		xsmcGet(xsVar(1), xsVar(0), xsID_stack);
		if (xsmcTypeOf(xsVar(1)) != xsUndefinedType) {
			fprintf(stderr, "fletcher: %s\n", xsmcToString(xsVar(1)));
			return;
		}
	}
	fprintf(stderr, "fletcher: uncaught: %s\n", xsmcToString(xsVar(0)));
}

void callScript(xsMachine *the, xsSlot *function, xsSlot *self)
{
	xsBeginHost(the);
	{
		xsTry {
			xsCallFunction0(*function, *self);
		}
		xsCatch {
			reportException(the);
			_exit(EXIT_SCRIPT);
		}
	}
	xsEndHost(the);
	hostRunJobs((struct sxMachine *)the);
}

void callScript1(xsMachine *the, xsSlot *function, xsSlot *self, xsSlot *argument)
{
	xsBeginHost(the);
	{
		xsTry {
			xsCallFunction1(*function, *self, *argument);
		}
		xsCatch {
			reportException(the);
			_exit(EXIT_SCRIPT);
		}
	}
	xsEndHost(the);
	hostRunJobs((struct sxMachine *)the);
}
