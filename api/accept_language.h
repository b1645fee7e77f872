/* The language a reader asks for by Accept-Language (RFC 9110, 12.5.4): French or English. */
#ifndef VG_API_ACCEPT_LANGUAGE_H
#define VG_API_ACCEPT_LANGUAGE_H

#include "src/base/text.h"

/* The better weighted of fr and en (and their regions); the first named when equal; French when
 * neither is asked for or `header` is NULL. Pure. */
enum vg_language vg_accept_language(const char *header);

#endif
