/* The real nets, imported from their source files, which the project does not carry. */
#ifndef VG_TESTS_REAL_NET_H
#define VG_TESTS_REAL_NET_H

#include "models/model.h"

/* name: such as "nanodet_g_416". NULL, and "skipped: .." said, where the file is not there; aborts
 * where it cannot be imported. Close it by vg_model_close. */
struct vg_model *real_net(const char *name);

#endif
