/* The description of the API, made from the route table (OpenAPI 3.0.3). */
#ifndef VG_API_OPENAPI_H
#define VG_API_OPENAPI_H

#include <jansson.h>

#include "src/base/attr.h"

/* The document; given (json_decref), NULL without memory. */
json_t *vg_openapi_make(void) VG_MUST_USE;

#endif
