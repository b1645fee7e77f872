#include "api/desk.h"

void vg_desk_init(struct vg_desk *desk, const char *data, const char *redis_socket)
{
    *desk = (struct vg_desk){.data = data, .redis_socket = redis_socket};
}

void vg_desk_release(struct vg_desk *desk)
{
    vg_secret_close(&desk->secret);
    vg_redis_close(&desk->link);
    vg_database_close(&desk->database);
}

enum vg_status vg_desk_database(struct vg_desk *desk, struct vg_fault *fault)
{
    if (desk->database)
        return VG_OK;
    return vg_database_open(&desk->database, desk->data, VG_DATABASE_EXISTING, fault);
}

enum vg_status vg_desk_link(struct vg_desk *desk, struct vg_fault *fault)
{
    if (desk->link)
        return VG_OK;
    const struct vg_redis_settings settings = vg_redis_defaults(desk->redis_socket);
    return vg_redis_open(&desk->link, &settings, fault);
}

enum vg_status vg_desk_secret(struct vg_desk *desk, struct vg_fault *fault)
{
    if (desk->secret)
        return VG_OK;
    return vg_secret_open(&desk->secret, desk->data, fault);
}
