/* Signing in and out: the lane's side. Sessions themselves are the reception's. */
#include <stdio.h>
#include <string.h>

#include "api/body.h"
#include "api/handlers.h"
#include "src/base/alloc.h"

void vg_on_sign_in(struct vg_desk *desk, const struct vg_request *request, struct vg_reply *reply)
{
    struct vg_body_sign_in body;
    struct vg_fault fault = {0};
    enum vg_status status = vg_body_sign_in(request->body, request->body_size, &body, &fault);
    if (!status)
        status = vg_desk_database(desk, &fault);
    if (!status)
        status =
            vg_account_verify(desk->database, body.name, body.password, &reply->account, &fault);
    vg_secret_wipe(&body, sizeof body);
    if (status == VG_E_DENIED)
        vg_reply_error(reply, request->language, 401, "bad_credentials",
                       N_("the name or the password is wrong"), "");
    else if (status)
        vg_reply_fault(reply, request->language, 0, NULL, &fault);
    else
        reply->code = 200;
}

void vg_on_sign_out(struct vg_desk *desk, const struct vg_request *request, struct vg_reply *reply)
{
    (void)desk, (void)request;
    reply->code = 204;
}

void vg_on_accounts(struct vg_desk *desk, const struct vg_request *request, struct vg_reply *reply)
{
    struct vg_account *accounts = NULL;
    size_t count = 0;
    struct vg_fault fault = {0};
    (void)request;
    enum vg_status status = vg_desk_database(desk, &fault);
    if (!status)
        status = vg_account_list(desk->database, &accounts, &count, &fault);
    reply->code = status ? 503 : 200;
    reply->body = (char *)accounts;
    reply->size = count * sizeof *accounts;
}
