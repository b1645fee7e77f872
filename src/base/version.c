#include "src/base/version.h"

const char *vg_version(void)
{
    return VG_VERSION;
}
