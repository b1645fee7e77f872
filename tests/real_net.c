#include "tests/real_net.h"

#include <stdio.h>
#include <stdlib.h>

#include "models/model_import.h"
#include "src/base/fault.h"
#include "tests/shared_data.h"

struct vg_model *real_net(const char *name)
{
    char inside[128], path[1024];
    const struct vg_import_settings settings = {NULL, NULL};
    struct vg_fault fault = {.status = VG_OK};
    struct vg_model *model = NULL;
    (void)snprintf(inside, sizeof inside, "models/%s.onnx", name);
    if (!vg_shared_data(inside, path, sizeof path))
        return NULL;
    if (vg_model_import(path, &settings, &model, &fault)) {
        vg_fault_print(&fault);
        abort();
    }
    return model;
}
