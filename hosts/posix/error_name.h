/* The host's errno values by name, as scripts and logs show them. */
#ifndef FLETCHER_ERROR_NAME_H
#define FLETCHER_ERROR_NAME_H

/* "ECONNREFUSED"; "" for 0, "EUNKNOWN" for one that is not in the table. A constant: never freed. */
const char *errorName(int code);

#endif
